package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// keyFolders keep what deployments would keep in AWS, a folder for each stack
// of an app: the private key of each Custom::SigningKeyPair in <logical id>.pem,
// which only its owner can read, and the deployment document.
type keyFolders struct {
	app   string            // the app's folder
	files map[string]string // key files, by the public key's fingerprint
}

const (
	stateFolder    = ".signedfront"    // in the app's folder
	deploymentFile = "deployment.json" // in the folder of a stack
)

// openKeyFolders makes the folder of the folders, unless it is there. Git is
// told to leave it alone.
func openKeyFolders(app string) (*keyFolders, error) {
	state := filepath.Join(app, stateFolder)
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the keys: %w", err)
	}
	if err := os.WriteFile(filepath.Join(state, ".gitignore"), []byte("*\n"), 0o600); err != nil {
		return nil, fmt.Errorf("making the folder of the keys: %w", err)
	}
	return &keyFolders{app: app, files: map[string]string{}}, nil
}

// folder is that of a stack, made unless it is there.
func (f *keyFolders) folder(stack string) (string, error) {
	dir := filepath.Join(f.app, stateFolder, stack)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the keys: %w", err)
	}
	return dir, nil
}

// pair is the key pair of a Custom::SigningKeyPair, made on its first use. It
// is for edge.Config.Keys.
func (f *keyFolders) pair(k edge.KeyPair) (*signer.PrivateKey, error) {
	dir, err := f.folder(k.Stack)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, k.LogicalID+".pem")
	key, err := signer.LoadPrivateKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := generate(file, k.Algorithm); err != nil {
			return nil, err
		}
		key, err = signer.LoadPrivateKey(file)
	}
	if err != nil {
		return nil, err
	}
	if found := key.PublicKey().Algorithm(); found != k.Algorithm {
		return nil, &failure{
			err:  fmt.Errorf("%s holds a key of kind %s, and the template wants %s", file, found, k.Algorithm),
			hint: "delete the file, and a new key is made",
		}
	}
	f.files[key.PublicKey().Fingerprint()] = file
	return key, nil
}

// imported signs with the imported key of an edge's deployment, if the document
// names its file and the file is there. A relative name starts at the app's
// folder.
func (f *keyFolders) imported(e *edge.Edge) (*signer.Signer, error) {
	d := e.Deployment()
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
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // a file system without hard links
		err = os.Rename(whole, file)
	}
	if err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	return nil
}

// keep writes a stack's deployment document for applications on this machine,
// and returns its file and that of its key. A key that is in AWS has none, and
// stays where the document says.
func (f *keyFolders) keep(stack string, d *signer.Deployment) (document, key string, err error) {
	dir, err := f.folder(stack)
	if err != nil {
		return "", "", err
	}
	if key = f.files[d.PublicKeySHA256]; key != "" {
		name, err := relative(dir, key)
		if err != nil {
			return "", "", fmt.Errorf("keeping the deployment document: %w", err)
		}
		d.Key = signer.KeyLocation{File: name}
	}
	text, err := d.MarshalIndent()
	if err != nil {
		return "", "", err
	}
	document = filepath.Join(dir, deploymentFile)
	if err := replace(document, text); err != nil {
		return "", "", fmt.Errorf("keeping the deployment document: %w", err)
	}
	return document, key, nil
}

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
