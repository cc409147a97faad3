package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// keyFolders keeps on this machine what deployments keep in AWS. Each stack of an
// app has a folder with its deployment document and, in <logical id>.pem, the
// private key of each Custom::SigningKeyPair, readable only by its owner.
//
// If several processes serve a stack, the one that holds the folder's lock writes
// deployment.json. Every other process writes a document of its own, with its port in the
// name, and removes it when it ends. No process overwrites a key.
type keyFolders struct {
	app   string // the app's folder
	given []*givenKey
	files map[string]string // key files by the public key's fingerprint
	stack string            // the stack whose document is kept; empty: none yet
	lock  *os.File          // of the stack's folder; nil: another process holds it
	own   string            // the document of this process only, if any
}

const (
	stateFolder    = ".signedfront"    // in the app's folder
	deploymentFile = "deployment.json" // in the folder of a stack
	lockFile       = ".lock"           // in the folder of a stack; names the process that holds it
)

// openKeyFolders creates the state folder if it does not exist, with a .gitignore
// for it.
func openKeyFolders(app string, given []*givenKey) (*keyFolders, error) {
	state := filepath.Join(app, stateFolder)
	err := os.MkdirAll(state, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(state, ".gitignore"), []byte("*\n"), 0o600)
	}
	if err != nil {
		return nil, &failure{
			err:  fmt.Errorf("creating the folder of the keys: %w", err),
			hint: "keys and the deployment document are kept in .signedfront/, next to cdk.json or in the current folder: start in a folder that you can write to",
		}
	}
	return &keyFolders{app: app, given: given, files: map[string]string{}}, nil
}

// close releases the lock and removes the document of this process.
func (f *keyFolders) close() {
	if f.own != "" {
		os.Remove(f.own)
	}
	if f.lock != nil {
		f.lock.Close()
	}
	f.stack, f.own, f.lock = "", "", nil
}

// folder returns the folder of a stack. It creates the folder if it does not exist.
func (f *keyFolders) folder(stack string) (string, error) {
	if !stackName.MatchString(stack) {
		return "", fmt.Errorf("the stack's name is %s: want letters, digits and hyphens, starting with a letter", signer.Describe(stack, signer.FormName))
	}
	dir := filepath.Join(f.app, stateFolder, stack)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("creating the folder of the keys: %w", err)
	}
	return dir, nil
}

// The names that CloudFormation accepts and that become file names.
var (
	stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)
	logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
)

// pair returns the key pair of a Custom::SigningKeyPair, and makes it at its first
// use. It is for edge.Config.Keys.
func (f *keyFolders) pair(k edge.KeyPair) (*signer.PrivateKey, error) {
	key, file, err := f.load(k)
	if err != nil {
		return nil, err
	}
	if found := key.PublicKey().Algorithm(); found != k.Algorithm {
		wrong := &failure{
			err:  fmt.Errorf("%s holds a key of kind %s, but the template needs %s", file, found, k.Algorithm),
			hint: "stop every `signedfront local` of this app and delete the file, to make a new key",
		}
		if f.givenFor(k.LogicalID) != nil { // the user's own file
			wrong.hint = fmt.Sprintf("give another key with --private-key (`signedfront keygen --algorithm %s` makes one), or leave --private-key out to have one made", k.Algorithm)
		}
		return nil, wrong
	}
	return key, nil
}

// standIn returns the key pair that replaces a public key whose private key is
// elsewhere, and makes it at its first use. It is for edge.Config.StandIn.
func (f *keyFolders) standIn(k edge.KeyPair) (*signer.PrivateKey, error) {
	key, _, err := f.load(k)
	return key, err
}

// load reads a key pair or makes it, and returns its file.
func (f *keyFolders) load(k edge.KeyPair) (key *signer.PrivateKey, file string, err error) {
	if given := f.givenFor(k.LogicalID); given != nil {
		f.files[given.key.PublicKey().Fingerprint()] = given.file
		return given.key, given.file, nil
	}
	dir, err := f.folder(k.Stack)
	if err != nil {
		return nil, "", err
	}
	if !logicalID.MatchString(k.LogicalID) {
		return nil, "", fmt.Errorf("the logical id of a key is %s: want letters and digits", signer.Describe(k.LogicalID, signer.FormName))
	}
	file = filepath.Join(dir, k.LogicalID+".pem")
	key, err = signer.LoadPrivateKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := generate(file, k.Algorithm); err != nil {
			return nil, "", err
		}
		key, err = signer.LoadPrivateKey(file)
	}
	if err != nil {
		return nil, "", err
	}
	f.files[key.PublicKey().Fingerprint()] = file
	return key, file, nil
}

// imported returns a signer with the imported key of an edge's deployment, if the
// document names its file and the file exists. A relative name is relative to the
// app's folder.
func (f *keyFolders) imported(e *edge.Edge) (*signer.Signer, error) {
	d := e.Deployment()
	if given := f.givenFor(""); given != nil {
		s, err := e.SignerWith(given.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", given.file, err)
		}
		f.files[d.PublicKeySHA256] = given.file
		return s, nil
	}
	file := d.Key.File
	if file == "" {
		return nil, fmt.Errorf("the private key is in AWS: %s", d.Key.SecretARN+d.Key.KMSARN)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(f.app, file)
	}
	f.files[d.PublicKeySHA256] = file
	key, err := signer.LoadPrivateKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the private key is not on this machine")
	}
	if err != nil {
		return nil, err
	}
	s, err := e.SignerWith(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// generate makes a key and its file. If another process does so at the same time,
// the file that was written first stays. The file appears whole, in one step.
func generate(file string, algorithm signer.Algorithm) error {
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	defer os.RemoveAll(scratch)
	whole := filepath.Join(scratch, filepath.Base(file))
	if err := key.WriteFile(whole); err != nil {
		return err
	}
	err = os.Link(whole, file)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	// The file system has no hard links. Renaming would overwrite a key that was
	// made meanwhile.
	if err := key.WriteFile(file); err != nil {
		if _, missing := os.Lstat(file); missing != nil {
			return fmt.Errorf("writing a key: %w", err)
		}
	}
	return nil
}

// kept says where keep has written files.
type kept struct {
	document string // the file of the deployment document
	key      string // the file of the key; empty if the key is in AWS
	other    string // the process that writes deployment.json, if it is another
}

// keep writes a stack's deployment document for applications on this machine, and
// replaces the one it wrote before. A key in AWS stays where the document says.
func (f *keyFolders) keep(stack string, at address, d *signer.Deployment) (kept, error) {
	if d == nil {
		return kept{}, nil
	}
	dir, err := f.folder(stack)
	if err != nil {
		return kept{}, err
	}
	k := kept{document: filepath.Join(dir, deploymentFile), key: f.files[d.PublicKeySHA256]}
	if k.key != "" {
		name, err := relative(dir, k.key)
		if err != nil {
			return k, fmt.Errorf("writing the deployment document: %w", err)
		}
		d.Key = signer.KeyLocation{File: name}
	}
	text, err := d.MarshalIndent()
	if err != nil {
		return k, err
	}
	if f.stack != stack {
		f.close()
		f.stack = stack
	}
	if f.lock == nil {
		k.other = f.claim(dir, at)
	}
	if k.other != "" {
		name := fmt.Sprintf("deployment-%d.json", at.port)
		if at.ip != defaultAddress.ip {
			name = fmt.Sprintf("deployment-%s-%d.json", at.ip, at.port)
		}
		k.document = filepath.Join(dir, name)
		f.own = k.document
	}
	if err := replace(k.document, text); err != nil {
		return k, fmt.Errorf("writing the deployment document: %w", err)
	}
	return k, nil
}

// claim takes the lock of a stack's folder for the rest of this process, or returns
// the process that holds it.
func (f *keyFolders) claim(dir string, at address) (holder string) {
	name := filepath.Join(dir, lockFile)
	lock, err := openLocked(name)
	if err != nil {
		text, _ := os.ReadFile(name)
		if line := strings.TrimSpace(string(text)); lockLine.MatchString(line) {
			return line
		}
		return "another process"
	}
	f.lock = lock
	// This text is only for people.
	if lock.Truncate(0) == nil {
		fmt.Fprintf(lock, "process %d on %s\n", os.Getpid(), at.url())
	}
	return ""
}

var lockLine = regexp.MustCompile(`^process [0-9]{1,10} on http://[a-z0-9.:-]{1,260}$`)

// relative returns the name of a file relative to a folder.
func relative(dir, file string) (string, error) {
	if filepath.IsAbs(file) != filepath.IsAbs(dir) {
		return filepath.Abs(file)
	}
	name, err := filepath.Rel(dir, file)
	return filepath.ToSlash(name), err
}

// replace writes a file in one step, readable only by its owner.
func replace(file string, text []byte) error {
	whole, err := os.CreateTemp(filepath.Dir(file), ".new-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(whole.Name())
	_, err = whole.Write(text)
	if closed := whole.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(whole.Name(), file)
}
