package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
)

func newKeygen(t *terminal) *cobra.Command {
	var algorithm, dir string
	cmd := &cobra.Command{
		Use:        "keygen",
		Short:      "Make a key pair",
		SuggestFor: []string{"genkey", "keys"},
		Long: `Make a key pair of a kind that CloudFront accepts, and write it as PEM:
private_key.pem, which only its owner can read, and public_key.pem, in CloudFront's
format. Existing files are not overwritten.

A stack of signedfront makes its own keys. Use this verb for imported keys.`,
		Example: `  signedfront keygen
  signedfront keygen --algorithm rsa-2048 --out ~/keys/media`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &failure{err: fmt.Errorf("%s: keygen takes no arguments", shown(args[0])), hint: "name the folder with --out", usage: true}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := signer.ParseAlgorithm(algorithm)
			if err != nil {
				return wrongUsage("--algorithm is %s: want %s", signer.Describe(algorithm, signer.FormWord), choices(signer.Algorithms()))
			}
			private, public := filepath.Join(dir, "private_key.pem"), filepath.Join(dir, "public_key.pem")
			folder := signer.Describe(dir, signer.FormFile)
			for _, name := range []string{private, public} {
				if _, err := os.Lstat(name); err == nil {
					return &failure{err: fmt.Errorf("%s already exists in the folder %s", filepath.Base(name), folder), hint: "move it, or name another folder with --out"}
				}
			}
			if mayMakeKeyNamed(dir) {
				return &failure{err: fmt.Errorf("--out is %s", notShown(dir)), hint: "a folder with a name that may be a key is not created: to use it, create it first", usage: true}
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("making the folder %s: %w", folder, cause(err))
			}
			key, err := signer.GenerateKey(a)
			if err != nil {
				return err
			}
			if err := key.WriteFile(private); err != nil {
				return fmt.Errorf("writing private_key.pem in the folder %s: %w", folder, cause(err))
			}
			if err := writeNewFile(public, key.PublicKey().PEM()); err != nil {
				return fmt.Errorf("writing public_key.pem in the folder %s: %w", folder, errors.Join(cause(err), os.Remove(private)))
			}
			fmt.Fprintln(t.out, printable(private))
			fmt.Fprintln(t.out, printable(public))
			t.notef("%s, SHA-256 of the public key %s", a, key.PublicKey().Fingerprint())
			t.notef("keep %s secret; add %s to CloudFront, and sign with the id that it gets there", printable(private), printable(public))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&algorithm, "algorithm", string(signer.ECDSAP256), "make a key of this `kind`: "+choices(signer.Algorithms()))
	flags.StringVar(&dir, "out", ".", "write the files to this `folder`")
	cmd.MarkFlagDirname("out")
	cmd.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions(words(signer.Algorithms()), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// mayMakeKeyNamed reports whether a new folder would have a name that may be a
// piece of a key. The name of an existing folder is a file name.
func mayMakeKeyNamed(dir string) bool {
	if isPlace(dir) {
		return false
	}
	for dir = filepath.Clean(dir); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			return false
		}
		if !mayQuote(filepath.Base(dir)) {
			return true
		}
	}
	return false
}

func writeNewFile(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
