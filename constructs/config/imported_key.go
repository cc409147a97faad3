package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// publicKey is the public half of an imported key.
type publicKey struct {
	algorithm string
	pem       string // SPKI, with one line feed at the end
}

// readPublicKey returns a public key in PEM of a kind that CloudFront accepts:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
//
// Unless ok, found describes the text without repeating any of it, because it may
// be a private key.
func readPublicKey(text string) (key publicKey, ok bool, found string) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case holdsPrivateKey(text):
		return key, false, "a private key"
	case block == nil:
		return key, false, "no public key"
	case block.Type != "PUBLIC KEY":
		return key, false, "PEM of another kind"
	case strings.TrimSpace(string(rest)) != "":
		return key, false, "more than one public key"
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return key, false, "a public key that cannot be read"
	}
	switch public := parsed.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits != 2048 {
			return key, false, fmt.Sprintf("an RSA key of %d bits", bits)
		}
		key.algorithm = string(signer.RSA2048)
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return key, false, "an ECDSA key on " + public.Curve.Params().Name
		}
		key.algorithm = string(signer.ECDSAP256)
	default:
		return key, false, "a key that is neither RSA nor ECDSA"
	}
	// One key has one form, because CloudFront does not let a public key change,
	// not even by a line feed.
	key.pem = string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	return key, true, ""
}

const (
	pemMark     = "-----BEGIN"
	maxFileName = 255

	// maxPublicKey is in bytes. It allows for text before the PEM.
	maxPublicKey = 1 << 16

	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	maxKeyFile = 768 // characters; a parameter has 4096, which also hold five RSA keys
)

// publicKey returns the PEM text that was written for a public key, or the text of
// the file that was named instead.
func (d decoder) publicKey(at node, written string) string {
	if written == "" || isToken(written) || strings.Contains(written, pemMark) || holdsPrivateKey(written) {
		return written
	}
	const want = "write the PEM of a public key, or the name of a file with it in the folder of cdk.json or below, such as "
	if len(written) > maxFileName || strings.ContainsFunc(written, isControl) || holdsKey(written) {
		at.wrong("neither PEM nor the name of a file", want+examples["publicKey"])
		return unread
	}
	text, err := d.readFile(written)
	if err != nil {
		at.wrong(quote(written)+": "+err.Error(), want+examples["publicKey"])
		return unread
	}
	return text
}

func (d decoder) readFile(name string) (string, error) {
	name = filepath.ToSlash(filepath.Clean(name))
	if !fs.ValidPath(name) {
		return "", errors.New("not the name of a file in the folder of cdk.json")
	}
	if d.folder == nil {
		return "", errors.New("no folder to read it from")
	}
	// Reading a pipe or a device might never end.
	if info, err := fs.Stat(d.folder, name); err == nil && !info.IsDir() && (!info.Mode().IsRegular() || info.Size() > maxPublicKey) {
		return "", errors.New("not a file that can hold a public key")
	}
	text, err := fs.ReadFile(d.folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("no such file")
	}
	var reason *fs.PathError
	if errors.As(err, &reason) {
		return "", reason.Err
	}
	return string(text), err
}

// checkImported checks an imported key. It compares the algorithm if that is known.
func (k SigningKey) checkImported(at node, known bool) {
	const want = `the public half of an RSA-2048 or P-256 key as PEM that starts with -----BEGIN PUBLIC KEY-----, as "openssl pkey -pubout" writes it`
	switch key, ok, found := readPublicKey(k.PublicKey); {
	case isToken(k.PublicKey):
		at.field("PublicKey").wrong("a token", "write the key itself: the deployment document holds its hash")
	case k.PublicKey == "":
		at.field("PublicKey").missing("missing", "write "+want)
	case holdsPrivateKey(k.PublicKey):
		at.field("PublicKey").wrong(found, "remove it, make a new key pair if others could read it, and write "+want)
	case !ok:
		at.field("PublicKey").wrong(found, "write "+want)
	case known && key.algorithm != k.Algorithm:
		at.field("Algorithm").wrong(fmt.Sprintf("%q with a public key of %s", k.Algorithm, key.algorithm),
			fmt.Sprintf("write %q, or leave it out", key.algorithm))
	}

	k.PrivateKey.check(at.field("PrivateKey"))
	if k.PrivateKey.KMSARN != "" && k.Hash == "sha1" {
		at.field("Hash").wrong(`"sha1" with a key of KMS`, `write "sha256": KMS does not sign with SHA-1`)
	}
}

var (
	// A policy must name a secret with the six characters that Secrets Manager
	// added: without them it allows nothing.
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
	secretARN = regexp.MustCompile(`^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$`)
	kmsKeyARN = regexp.MustCompile(`^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$`)
	kmsAlias  = regexp.MustCompile(`^(arn:.*:)?alias/`)

	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
	secretVersion = regexp.MustCompile(`^[A-Za-z0-9-]{32,64}$`)
)

func (l PrivateKeyLocation) check(at node) {
	secret, version := at.name("SecretARN"), at.name("SecretVersionID")
	var given []string
	for _, p := range []struct {
		name string
		has  bool
	}{
		{secret, l.SecretARN != "" || l.SecretVersionID != ""},
		{at.name("KMSARN"), l.KMSARN != ""},
		{at.name("File"), l.File != ""},
	} {
		if p.has {
			given = append(given, p.name)
		}
	}
	if len(given) > 1 {
		at.wrong(strings.Join(given, " and "), "write one of them: a key has one location")
	}

	switch {
	case l.SecretARN == "" && l.SecretVersionID != "":
		at.field("SecretARN").missing("missing, with "+version, "write the whole ARN of the secret, such as "+examples["secretArn"])
	case l.SecretARN != "" && l.SecretVersionID == "":
		at.field("SecretVersionID").missing("missing, with "+secret,
			"write the id of the version that holds the key: the current version of a secret can change, but the public key cannot")
	}
	checkShape(at.field("SecretARN"), l.SecretARN, secretARN, "the whole ARN of a secret, with the hyphen and the six characters that Secrets Manager adds at its end, such as "+examples["secretArn"])
	checkShape(at.field("SecretVersionID"), l.SecretVersionID, secretVersion, "the id of a version, 32 to 64 letters, digits and hyphens, such as "+examples["secretVersionId"])
	if kmsAlias.MatchString(l.KMSARN) && !isToken(l.KMSARN) {
		at.field("KMSARN").wrong(quote(l.KMSARN)+", an alias", "write the ARN of the key itself: an alias can move to another key, but the public key cannot")
	} else {
		checkShape(at.field("KMSARN"), l.KMSARN, kmsKeyARN, "the ARN of a key, such as "+examples["kmsArn"])
	}
	switch file := at.field("File"); {
	case isToken(l.File):
	case strings.ContainsFunc(l.File, isControl) || isPrivateKey(l.File):
		file.wrong(quote(l.File), "write the name of a file, such as "+examples["file"])
	case len(l.File) > maxKeyFile:
		file.wrong(fmt.Sprintf("%d characters", len(l.File)), fmt.Sprintf("write at most %d: the deployment document holds the name, and all of it must fit the 4096 characters of a parameter", maxKeyFile))
	}
}

// checkShape checks the shape of a text, if there is one.
func checkShape(at node, text string, shape *regexp.Regexp, want string) {
	if text != "" && !isToken(text) && !shape.MatchString(text) {
		at.wrong(quote(text), "write "+want)
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
