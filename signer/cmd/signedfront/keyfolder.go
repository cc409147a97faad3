package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/signer"
)

// keyFolder keeps what a deployment would keep in AWS, for one stack of an app:
// the private key of each Custom::SigningKeyPair in <logical id>.pem, which
// only its owner can read, and the deployment document.
type keyFolder struct {
	dir   string
	files map[string]string // names of key files, by the public key's fingerprint
}

const (
	stateFolder    = ".signedfront"    // in the app's folder
	deploymentFile = "deployment.json" // in the folder of a stack
)

// openKeyFolder makes the folder of a stack in the app's folder, unless it is
// there. Git is told to leave it alone.
func openKeyFolder(app, stack string) (*keyFolder, error) {
	f := &keyFolder{dir: filepath.Join(app, stateFolder, stack), files: map[string]string{}}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the keys: %w", err)
	}
	ignore := filepath.Join(app, stateFolder, ".gitignore")
	if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
		return nil, fmt.Errorf("making the folder of the keys: %w", err)
	}
	return f, nil
}

// pair is the key pair of a Custom::SigningKeyPair, made on its first use. It
// is for edge.Config.Keys.
func (f *keyFolder) pair(logicalID string, algorithm signer.Algorithm) (*signer.PrivateKey, error) {
	name := logicalID + ".pem"
	file := filepath.Join(f.dir, name)
	key, err := signer.LoadPrivateKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := generate(file, algorithm); err != nil {
			return nil, err
		}
		key, err = signer.LoadPrivateKey(file)
	}
	if err != nil {
		return nil, err
	}
	if found := key.PublicKey().Algorithm(); found != algorithm {
		return nil, &failure{
			err:  fmt.Errorf("%s holds a key of kind %s, and the template wants %s", file, found, algorithm),
			hint: "delete the file, and a new key is made",
		}
	}
	f.files[key.PublicKey().Fingerprint()] = name
	return key, nil
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

// keep writes the deployment document for applications on this machine, with
// the key in its file.
func (f *keyFolder) keep(d *signer.Deployment) error {
	d.Key = signer.KeyLocation{File: f.files[d.PublicKeySHA256]}
	text, err := d.MarshalIndent()
	if err != nil {
		return err
	}
	whole, err := os.CreateTemp(f.dir, ".new-") // mode 0600
	if err != nil {
		return fmt.Errorf("keeping the deployment document: %w", err)
	}
	defer os.Remove(whole.Name())
	_, err = whole.Write(text)
	if closed := whole.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(whole.Name(), filepath.Join(f.dir, deploymentFile))
	}
	if err != nil {
		return fmt.Errorf("keeping the deployment document: %w", err)
	}
	return nil
}
