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

// keyFolders keep what deployments would keep in AWS, a folder for each stack
// of an app: the private key of each Custom::SigningKeyPair in <logical id>.pem,
// which only its owner can read, and the deployment document.
//
// Of several processes that serve a stack, the one that holds the lock of its
// folder writes deployment.json. Each other one writes a document of its own,
// named by its port, and removes it at its end. No process writes over a key.
type keyFolders struct {
	app   string // the app's folder
	given []*givenKey
	files map[string]string // key files, by the public key's fingerprint
	stack string            // the one whose document is kept; empty: none is yet
	lock  *os.File          // of its folder; nil: another process holds it
	own   string            // the document of this process alone, if there is one
}

const (
	stateFolder    = ".signedfront"    // in the app's folder
	deploymentFile = "deployment.json" // in the folder of a stack
	lockFile       = ".lock"           // beside it, with the process that holds it
)

// openKeyFolders makes the folder of the folders, unless it is there. Git is
// told to leave it alone.
func openKeyFolders(app string, given []*givenKey) (*keyFolders, error) {
	state := filepath.Join(app, stateFolder)
	err := os.MkdirAll(state, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(state, ".gitignore"), []byte("*\n"), 0o600)
	}
	if err != nil {
		return nil, &failure{
			err:  fmt.Errorf("making the folder of the keys: %w", err),
			hint: "keys and deployment document are kept in .signedfront/, beside the cdk.json or in the current folder: start in one that you may write to",
		}
	}
	return &keyFolders{app: app, given: given, files: map[string]string{}}, nil
}

// close lets go of the lock and removes the document of this process alone.
func (f *keyFolders) close() {
	if f.own != "" {
		os.Remove(f.own)
	}
	if f.lock != nil {
		f.lock.Close()
	}
	f.stack, f.own, f.lock = "", "", nil
}

// folder is that of a stack, made unless it is there.
func (f *keyFolders) folder(stack string) (string, error) {
	if !stackName.MatchString(stack) {
		return "", fmt.Errorf("the stack is called %s: want letters, digits and hyphens, with a letter first", signer.Describe(stack, signer.FormName))
	}
	dir := filepath.Join(f.app, stateFolder, stack)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the keys: %w", err)
	}
	return dir, nil
}

// What CloudFormation takes for a name, and what is made a file's.
var (
	stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)
	logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
)

// pair is the key pair of a Custom::SigningKeyPair, made on its first use. It
// is for edge.Config.Keys.
func (f *keyFolders) pair(k edge.KeyPair) (*signer.PrivateKey, error) {
	key, file, err := f.load(k)
	if err != nil {
		return nil, err
	}
	if found := key.PublicKey().Algorithm(); found != k.Algorithm {
		wrong := &failure{
			err:  fmt.Errorf("%s holds a key of kind %s, and the template wants %s", file, found, k.Algorithm),
			hint: "stop every `signedfront local` of this app and delete the file: a new key is made",
		}
		if f.givenFor(k.LogicalID) != nil { // it is not ours to delete
			wrong.hint = fmt.Sprintf("give another one with --private-key: `signedfront keygen --algorithm %s` makes one; or leave it out, and one is made", k.Algorithm)
		}
		return nil, wrong
	}
	return key, nil
}

// standIn is the key pair in place of a public key whose private half is elsewhere,
// made on its first use. It is for edge.Config.StandIn.
func (f *keyFolders) standIn(k edge.KeyPair) (*signer.PrivateKey, error) {
	key, _, err := f.load(k)
	return key, err
}

// load reads a key pair, or makes it, and tells its file.
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

// imported signs with the imported key of an edge's deployment, if the document
// names its file and the file is there. A relative name starts at the app's
// folder.
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

// generate makes a key and its file. Where another run of this program does so
// at the same time, the first file stands: it appears in one step, and whole.
func generate(file string, algorithm signer.Algorithm) error {
	key, err := signer.GenerateKey(algorithm)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return fmt.Errorf("keeping a key: %w", err)
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
	// A file system without hard links. Renaming would write over a key that is
	// there by now.
	if err := key.WriteFile(file); err != nil {
		if _, missing := os.Lstat(file); missing != nil {
			return fmt.Errorf("keeping a key: %w", err)
		}
	}
	return nil
}

// kept says where keep has put what.
type kept struct {
	document string // the file of the deployment document
	key      string // the file of the key; empty if the key is in AWS
	other    string // the process that keeps deployment.json, if another does
}

// keep writes a stack's deployment document for applications on this machine, in
// place of the one that it wrote before. A key that is in AWS stays where the
// document says.
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
			return k, fmt.Errorf("keeping the deployment document: %w", err)
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
		return k, fmt.Errorf("keeping the deployment document: %w", err)
	}
	return k, nil
}

// claim takes the lock of a stack's folder for the rest of this process, or
// tells which process holds it.
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
	// What it says is for people alone.
	if lock.Truncate(0) == nil {
		fmt.Fprintf(lock, "process %d on %s\n", os.Getpid(), at.url())
	}
	return ""
}

var lockLine = regexp.MustCompile(`^process [0-9]{1,10} on http://[a-z0-9.:-]{1,260}$`)

// relative is the name of a file as seen from a folder.
func relative(dir, file string) (string, error) {
	if filepath.IsAbs(file) != filepath.IsAbs(dir) {
		return filepath.Abs(file)
	}
	name, err := filepath.Rel(dir, file)
	return filepath.ToSlash(name), err
}

// replace writes a file that is whole at any time, for its owner alone.
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
