package awskeys_test

import (
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
	"github.com/signedfront/signedfront/signer/sourcetest"
)

func TestEverySourcePassesTheSuite(t *testing.T) {
	rsaKey := newRSA() // shared, since generating one is slow
	var generation atomic.Int32
	nextID := func() string { return fmt.Sprintf("K%d", generation.Add(1)) }
	secret := func(t *testing.T, c *cloud) { c.deploy(t, parameter, nextID()) }
	outage := func(c *cloud) func(*testing.T) func() { // only of documents: otherwise a KMS key could not sign
		return func(*testing.T) func() {
			c.setOf("GetParameter", "InternalServerError")
			return func() { c.setOf("GetParameter", "") }
		}
	}
	inCloud := func(deploy func(*testing.T, *cloud)) func(*testing.T) sourcetest.Subject {
		return func(t *testing.T) sourcetest.Subject {
			c := newCloud(t)
			deploy(t, c)
			source := awskeys.Parameter(c.config(), parameter)
			source.KeyFiles = true
			return sourcetest.Subject{
				Source: source,
				Rotate: func(t *testing.T) { deploy(t, c) },
				Break:  outage(c),
			}
		}
	}
	kms := func(newKey func() crypto.Signer) func(*testing.T) sourcetest.Subject {
		return inCloud(func(t *testing.T, c *cloud) {
			id := nextID()
			c.deployKMS(t, parameter, id, kmsARN+id, newKey())
		})
	}
	for name, subject := range map[string]func(*testing.T) sourcetest.Subject{
		"a parameter and a secret": inCloud(secret),
		"a parameter and KMS":      kms(func() crypto.Signer { return newECDSA() }),
		"a parameter and a file": inCloud(func(t *testing.T, c *cloud) {
			id := nextID()
			_, d := c.deploy(t, parameter, id)
			d.Key = signer.KeyLocation{File: filepath.Join(t.TempDir(), "private_key.pem")}
			if err := os.WriteFile(d.Key.File, []byte(c.secrets[secretARN+"/version-of-"+id]), 0o600); err != nil {
				t.Fatal(err)
			}
			c.put(t, parameter, d)
		}),
		"RSA in KMS, which does not rotate": func(t *testing.T) sourcetest.Subject {
			s := kms(func() crypto.Signer { return rsaKey })(t)
			s.Rotate = nil
			return s
		},
		"a borrowed key": func(t *testing.T) sourcetest.Subject {
			c := newCloud(t)
			const lender = "/signedfront/signedfront/lender"
			c.deploy(t, lender, nextID())
			c.put(t, parameter, signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: lender}})
			return sourcetest.Subject{
				Source: awskeys.Parameter(c.config(), parameter),
				Rotate: func(t *testing.T) { c.deploy(t, lender, nextID()) },
				Break:  outage(c),
			}
		},
		"a file": func(t *testing.T) sourcetest.Subject {
			c := newCloud(t)
			file := filepath.Join(t.TempDir(), "deployment.json")
			broken, last := false, []byte(nil)
			put := func(t *testing.T) { // atomic, since a reader may read at any time
				if broken {
					return
				}
				if err := os.WriteFile(file+".new", last, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(file+".new", file); err != nil {
					t.Fatal(err)
				}
			}
			rotate := func(t *testing.T) {
				_, d := c.deploy(t, parameter, nextID())
				last = must(d.MarshalIndent())
				put(t)
			}
			rotate(t)
			return sourcetest.Subject{
				Source: awskeys.File(c.config(), file),
				Rotate: rotate,
				Break: func(t *testing.T) func() {
					broken = true
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
					return func() { broken = false; put(t) }
				},
			}
		},
		"a variable, which no rotation reaches": func(t *testing.T) sourcetest.Subject {
			const variable = "SIGNEDFRONT_SUITE"
			c := newCloud(t)
			_, d := c.deploy(t, parameter, nextID())
			text := string(must(d.MarshalIndent()))
			t.Setenv(variable, text)
			return sourcetest.Subject{
				Source: awskeys.Variable(c.config(), variable),
				Break: func(*testing.T) func() {
					os.Unsetenv(variable)
					return func() { os.Setenv(variable, text) }
				},
			}
		},
	} {
		t.Run(name, func(t *testing.T) { sourcetest.Run(t, subject) })
	}
}
