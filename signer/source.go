package signer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Source provides a signer's deployment document and key, which may change over
// time. It must be safe for concurrent use, must return when ctx ends, and must not
// put key material into errors. Package sourcetest has the conformance suite of
// sources.
type Source interface {
	// Deployment reads the current deployment document. For a borrower it returns
	// the document with the lender's key members: KeyLocation.Parameter is always
	// empty.
	Deployment(ctx context.Context) (*Deployment, error)

	// Key returns the private key that a document names. It is called only when the
	// document names another key than before.
	Key(ctx context.Context, d *Deployment) (Key, error)
}

// FileSource returns a Source that reads the deployment document from a file, and
// the key from the PEM file that the document names: as the local edge writes it,
// or as a container mounts it. A relative key file is relative to the document's
// folder.
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

// EnvSource returns a Source that reads the deployment document, as JSON, from an
// environment variable, and the key from the PEM file that the document names. A
// relative key file is relative to the working directory.
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
		return nil, fmt.Errorf("key.file: %s in place of a file name: write the key to a file and name the file", Describe(file, FormFile))
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	return LoadPrivateKey(file)
}
