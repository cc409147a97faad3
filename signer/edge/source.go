package edge

import (
	"context"
	"errors"

	"github.com/signedfront/signedfront/signer"
)

// Source returns a signer.Source with the deployment document and its key, as an
// application has them from AWS. If the current key is imported, the error is
// ErrImportedKey.
func (e *Edge) Source() (signer.Source, error) {
	if err := e.checkDocument(); err != nil {
		return nil, err
	}
	if e.key == nil {
		return nil, ErrImportedKey
	}
	return source{e}, nil
}

type source struct{ e *Edge }

func (s source) Deployment(ctx context.Context) (*signer.Deployment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.e.Deployment(), nil
}

func (s source) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d == nil || d.CheckKey(s.e.key.PublicKey()) != nil {
		return nil, errors.New("the deployment document names another key than the local edge's")
	}
	return s.e.key, nil
}
