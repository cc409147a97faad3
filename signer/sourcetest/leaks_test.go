package sourcetest_test

import (
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/leaktest"
	"github.com/signedfront/signedfront/signer/sourcetest"
)

func TestNoErrorOfMemoryShowsAKey(t *testing.T) {
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"Memory.Key": func(text string) []any {
			_, err := sourcetest.NewMemory().Key(t.Context(), &signer.Deployment{KeyPairID: text, Key: signer.KeyLocation{File: text}})
			return []any{err}
		},
	})
}
