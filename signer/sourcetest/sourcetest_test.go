package sourcetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/sourcetest"
)

var errDown = errors.New("down")

func TestASourceInMemoryPassesTheSuite(t *testing.T) {
	for _, algorithm := range signer.Algorithms() {
		t.Run(string(algorithm), func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.Subject {
				m := newMemory(algorithm)
				return m.subject(m)
			})
		})
	}
}

// subject returns a subject whose source reads the memory.
func (m *memory) subject(source signer.Source) sourcetest.Subject {
	return sourcetest.Subject{
		Source: source,
		Rotate: func(*testing.T) { m.rotate() },
		Break: func(*testing.T) (mend func()) {
			m.fail(errDown)
			return func() { m.fail(nil) }
		},
	}
}

// published is a place for a deployment document, with key files in a folder.
type published struct {
	memory *memory
	folder string
	key    func(file string) string            // the name of a key file in the document
	put    func(t *testing.T, document []byte) // writes the document
	remove func(t *testing.T)                  // removes the document

	mu     sync.Mutex
	broken bool
}

// write writes the key first, as a deployment does.
func (p *published) write(t *testing.T) {
	d, err := p.memory.Deployment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := p.memory.Key(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.folder, d.KeyPairID+".key")
	if _, err := os.Stat(file); err != nil {
		if err := key.(*signer.PrivateKey).WriteFile(file); err != nil {
			t.Fatal(err)
		}
	}
	d.Key.File = p.key(file)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if !p.broken {
		p.put(t, text)
	}
}

// subject returns a subject whose source reads what is published.
func (p *published) subject(t *testing.T, source signer.Source) sourcetest.Subject {
	p.write(t)
	return sourcetest.Subject{
		Source: source,
		Rotate: func(t *testing.T) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.memory.rotate()
			p.write(t)
		},
		Break: func(t *testing.T) (mend func()) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.broken = true
			p.remove(t)
			return func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.broken = false
				p.write(t)
			}
		},
	}
}

func whole(file string) string { return file }

func TestFileSourcePassesTheSuite(t *testing.T) {
	for name, key := range map[string]func(string) string{
		"key files by their whole name": whole, "key files beside the document": filepath.Base,
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.Subject {
				folder := t.TempDir()
				document := filepath.Join(folder, "deployment.json")
				check := func(t *testing.T, err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				p := &published{
					memory: newMemory(signer.ECDSAP256), folder: folder, key: key,
					put: func(t *testing.T, text []byte) { // atomic, since a reader may read at any time
						check(t, os.WriteFile(document+".new", text, 0o600))
						check(t, os.Rename(document+".new", document))
					},
					remove: func(t *testing.T) { check(t, os.Remove(document)) },
				}
				return p.subject(t, signer.FileSource(document))
			})
		})
	}
}

func TestEnvSourcePassesTheSuite(t *testing.T) {
	const variable = "SIGNEDFRONT_SOURCETEST"
	sourcetest.Run(t, func(t *testing.T) sourcetest.Subject {
		t.Setenv(variable, "") // restored after the test
		set := func(t *testing.T, text []byte) {
			if err := os.Setenv(variable, string(text)); err != nil {
				t.Fatal(err)
			}
		}
		p := &published{
			memory: newMemory(signer.ECDSAP256), folder: t.TempDir(), key: whole,
			put: set, remove: func(t *testing.T) { set(t, nil) },
		}
		return p.subject(t, signer.EnvSource(variable))
	})
}

// functions is a source of two functions.
type functions struct {
	deployment func(context.Context) (*signer.Deployment, error)
	key        func(context.Context, *signer.Deployment) (signer.Key, error)
}

func (f *functions) Deployment(ctx context.Context) (*signer.Deployment, error) {
	return f.deployment(ctx)
}

func (f *functions) Key(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
	return f.key(ctx, d)
}

// openKey is a key that prints its material.
type openKey struct{ *signer.PrivateKey }

func (k openKey) Format(f fmt.State, _ rune) {
	text, _ := k.MarshalPEM()
	f.Write(text)
}

// The suite runs in a program of its own, since tests that must fail there must not
// fail here.
func TestTheSuiteFindsEveryFault(t *testing.T) {
	for name, fault := range map[string]struct {
		test string // of the suite
		make func(m *memory, f *functions)
	}{
		"a key that is left with its lender": {"the document is whole and its key fits it", func(m *memory, f *functions) {
			f.deployment = func(ctx context.Context) (*signer.Deployment, error) {
				d, err := m.Deployment(ctx)
				d.Key = signer.KeyLocation{Parameter: "/a/b"}
				return d, err
			}
			document, _ := m.Deployment(context.Background())
			f.key = func(ctx context.Context, _ *signer.Deployment) (signer.Key, error) { return m.Key(ctx, document) }
		}},
		"a document that is invalid": {"the document is whole and its key fits it", func(m *memory, f *functions) {
			m.change(func(d *signer.Deployment) { d.BaseURL = "/" })
		}},
		"a key that does not fit": {"the document is whole and its key fits it", func(m *memory, f *functions) {
			f.key = func(context.Context, *signer.Deployment) (signer.Key, error) { return signer.GenerateKey("") }
		}},
		"a document that changes by itself": {"an unchanged deployment reads the same twice", func(m *memory, f *functions) {
			f.deployment = func(ctx context.Context) (*signer.Deployment, error) {
				m.change(func(d *signer.Deployment) { d.MaxKeyAge++ })
				return m.Deployment(ctx)
			}
		}},
		"one document for everyone": {"a document belongs to whoever read it", func(m *memory, f *functions) {
			d, err := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { return d, err }
		}},
		"one list of trusted keys for everyone": {"a document belongs to whoever read it", func(m *memory, f *functions) {
			d, err := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { again := *d; return &again, err }
		}},
		"one bucket for everyone": {"a document belongs to whoever read it", func(m *memory, f *functions) {
			m.change(func(d *signer.Deployment) { d.TrustedKeys, d.Query = nil, nil })
			d, err := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { again := *d; return &again, err }
		}},
		"one query for everyone": {"a document belongs to whoever read it", func(m *memory, f *functions) {
			m.change(func(d *signer.Deployment) { d.TrustedKeys, d.Bucket = nil, nil })
			d, err := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { again := *d; return &again, err }
		}},
		"deaf to its context": {"a reading ends with its context", func(m *memory, f *functions) {
			f.deployment = func(context.Context) (*signer.Deployment, error) { return m.Deployment(context.Background()) }
		}},
		"a key that is deaf to its context": {"a reading ends with its context", func(m *memory, f *functions) {
			f.key = func(_ context.Context, d *signer.Deployment) (signer.Key, error) {
				return m.Key(context.Background(), d)
			}
		}},
		"no error in an outage": {"a failure is an error and gives no key away", func(m *memory, f *functions) {
			d, _ := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { again := *d; return &again, nil }
		}},
		"an error that holds the key": {"a failure is an error and gives no key away", func(m *memory, f *functions) {
			d, _ := m.Deployment(context.Background())
			key, _ := m.Key(context.Background(), d)
			text, _ := key.(*signer.PrivateKey).MarshalPEM()
			f.deployment = func(ctx context.Context) (*signer.Deployment, error) {
				d, err := m.Deployment(ctx)
				if err != nil {
					err = fmt.Errorf("%w: %s", err, strings.Split(string(text), "\n")[1])
				}
				return d, err
			}
		}},
		"a key that prints itself": {"printing the key or the document gives no key away", func(m *memory, f *functions) {
			f.key = func(ctx context.Context, d *signer.Deployment) (signer.Key, error) {
				key, err := m.Key(ctx, d)
				return openKey{key.(*signer.PrivateKey)}, err
			}
		}},
		"a document that never changes": {"a rotation brings another id and the key that fits it", func(m *memory, f *functions) {
			d, _ := m.Deployment(context.Background())
			f.deployment = func(context.Context) (*signer.Deployment, error) { again := *d; return &again, nil }
		}},
		"a key that never changes": {"a rotation brings another id and the key that fits it", func(m *memory, f *functions) {
			d, _ := m.Deployment(context.Background())
			f.key = func(ctx context.Context, _ *signer.Deployment) (signer.Key, error) { return m.Key(ctx, d) }
		}},
		"the current key for every document": {"a document never gets the key of another", func(m *memory, f *functions) {
			f.key = func(ctx context.Context, _ *signer.Deployment) (signer.Key, error) {
				d, _ := m.Deployment(ctx)
				return m.Key(ctx, d)
			}
		}},
	} {
		if os.Getenv("SIGNEDFRONT_FAULT") == name {
			m := newMemory(signer.ECDSAP256)
			f := &functions{m.Deployment, m.Key}
			fault.make(m, f)
			sourcetest.Run(t, func(*testing.T) sourcetest.Subject { return m.subject(f) })
			return
		}
		if os.Getenv("SIGNEDFRONT_FAULT") != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test := strings.ReplaceAll(fault.test, " ", "_")
			cmd := exec.Command(os.Args[0], "-test.run=^TestTheSuiteFindsEveryFault$/^"+test+"$")
			cmd.Env = append(os.Environ(), "SIGNEDFRONT_FAULT="+name)
			out, err := cmd.CombinedOutput()
			if want := "--- FAIL: TestTheSuiteFindsEveryFault/" + test; err == nil || !strings.Contains(string(out), want) {
				t.Errorf("not found by the test %q: %v\n%s", fault.test, err, out)
			}
		})
	}
}
