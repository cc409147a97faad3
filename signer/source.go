package signer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Source is where a signer learns, again and again, what it signs with. It
// must be safe for concurrent use, must end when ctx does, and must not put key
// material into errors. Package sourcetest has the suite that every source
// passes.
type Source interface {
	// Deployment reads the deployment document as it is now. A document that
	// borrows its key is returned with the lender's key in it: a Parameter is
	// never left in KeyLocation.
	Deployment(ctx context.Context) (*Deployment, error)

	// Key opens the private key that a document names. It is asked only when
	// the document names another key than before.
	Key(ctx context.Context, d *Deployment) (Key, error)
}

// FileSource reads the deployment document from a file, and the key from the
// PEM file that the document names: what the local edge writes, and what a
// container mounts. A relative key file starts at the document's folder.
func FileSource(document string) Source { return fileSource(document) }

type fileSource string

func (f fileSource) Deployment(ctx context.Context) (*Deployment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return LoadDeployment(string(f))
}

func (f fileSource) Key(ctx context.Context, d *Deployment) (Key, error) {
	return keyFile(ctx, d, filepath.Dir(string(f)))
}

// EnvSource reads the deployment document, JSON, from an environment variable,
// and the key from the PEM file that the document names. A relative key file
// starts at the working directory.
func EnvSource(variable string) Source { return envSource(variable) }

type envSource string

func (e envSource) Deployment(ctx context.Context) (*Deployment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	variable := Describe(string(e), FormVariable)
	text := os.Getenv(string(e))
	switch {
	case text == "" && isItself(string(e)):
		return nil, fmt.Errorf("environment variable: %s where the name of a variable belongs: use ParseDeployment for the text of a deployment document, ParsePrivateKey for that of a key", variable)
	case text == "":
		return nil, fmt.Errorf("the environment variable %s is empty: set it to a deployment document", variable)
	}
	d, err := ParseDeployment([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("environment variable %s: %w", variable, err)
	}
	return d, nil
}

func (e envSource) Key(ctx context.Context, d *Deployment) (Key, error) {
	return keyFile(ctx, d, ".")
}

func keyFile(ctx context.Context, d *Deployment, folder string) (Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d == nil || d.Key.File == "" {
		return nil, errors.New("the deployment document names no key file: use package awskeys for a key in Secrets Manager or KMS")
	}
	file := d.Key.File
	if isItself(file) { // without the folder before it
		return nil, fmt.Errorf("key.file: %s where the name of a file belongs: write the key into a file and name that", Describe(file, FormFile))
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	return LoadPrivateKey(file)
}
