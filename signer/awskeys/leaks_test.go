package awskeys_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/logging"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
	"github.com/signedfront/signedfront/signer/leaktest"
)

// A key may be passed in place of a project, a name, an ARN or a document, and AWS
// repeats in its errors what was requested.
func TestNoErrorShowsAKeyThatASourceIsHanded(t *testing.T) {
	package_, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	ctx := t.Context()
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	c.deployKMS(t, "/signedfront/signedfront/kms", "KONE", kmsARN, newECDSA())
	kmsKey := must(awskeys.NewKMSKey(ctx, kms.NewFromConfig(c.config()), kmsARN))

	read := func(source *awskeys.Source) []any {
		d, err := source.Deployment(ctx)
		if err != nil {
			return []any{err}
		}
		_, err = source.Key(ctx, d)
		return []any{err}
	}
	// documents returns documents with the text in each field that a source reads.
	documents := func(text string) (all []signer.Deployment) {
		for _, change := range []func(d *signer.Deployment){
			func(d *signer.Deployment) { d.BaseURL = text }, func(d *signer.Deployment) { d.KeyPairID = text }, func(d *signer.Deployment) { d.Region = text },
			func(d *signer.Deployment) { d.Key.SecretARN = text }, func(d *signer.Deployment) { d.Key.SecretVersionID = text },
			func(d *signer.Deployment) { d.Key = signer.KeyLocation{KMSARN: text} }, func(d *signer.Deployment) { d.Key = signer.KeyLocation{File: text} },
			func(d *signer.Deployment) { d.Key = signer.KeyLocation{Parameter: text} }, func(d *signer.Deployment) { d.Key = signer.KeyLocation{Parameter: "/" + text} },
		} {
			changed := d
			change(&changed)
			all = append(all, changed)
		}
		return all
	}
	// failing calls f with AWS as it is, and with AWS that denies and repeats the
	// name.
	failing := func(f func() []any) (back []any) {
		for _, code := range []string{"", "AccessDeniedException", "ValidationException", "ExpiredTokenException"} {
			c.set(code)
			back = append(back, f()...)
		}
		c.set("")
		return back
	}
	leaktest.Run(t, package_, map[string]func(text string) []any{
		"Environment": func(text string) []any {
			return failing(func() []any {
				return append(read(awskeys.Environment(c.config(), text, "dev")), read(awskeys.Environment(c.config(), "signedfront", text))...)
			})
		},
		"Parameter": func(text string) []any {
			return failing(func() []any {
				return append(read(awskeys.Parameter(c.config(), text)), read(awskeys.Parameter(c.config(), "/"+text))...)
			})
		},
		"Open": func(text string) (back []any) {
			for _, names := range [][2]string{{text, "dev"}, {"signedfront", text}} {
				_, err := awskeys.Open(ctx, c.config(), names[0], names[1], nil)
				back = append(back, err)
			}
			return back
		},
		"File":     func(text string) []any { return read(awskeys.File(c.config(), text)) },
		"Variable": func(text string) []any { return read(awskeys.Variable(c.config(), text)) },
		"NewClients": func(text string) (back []any) {
			cfg := c.config()
			cfg.Region = text
			return read(awskeys.Parameter(cfg, parameter))
		},
		"NewSource": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, read(awskeys.NewSource(awskeys.NewClients(c.config()), func(context.Context) (*signer.Deployment, error) { return &d, nil }))...)
			}
			return back
		},
		"Source.Deployment": func(text string) (back []any) {
			for _, d := range documents(text) {
				c.put(t, parameter, d)
				back = append(back, read(awskeys.Parameter(c.config(), parameter))...)
			}
			c.put(t, parameter, d)
			inJSON, _ := json.Marshal(text)
			for _, document := range []string{text, "{" + text, `{"schema": ` + string(inJSON) + "}"} {
				c.mu.Lock()
				c.parameters["/other"] = document
				c.mu.Unlock()
				back = append(back, read(awskeys.Parameter(c.config(), "/other"))...)
			}
			for _, change := range []func(s *awskeys.Source){
				func(s *awskeys.Source) { s.BaseURL = text }, func(s *awskeys.Source) { s.Account = text },
			} {
				source := awskeys.Parameter(c.config(), parameter)
				change(source)
				back = append(back, read(source)...)
			}
			other := d
			other.Key.SecretARN = "arn:aws:secretsmanager:eu-central-1:" + account + ":secret:signing-1"
			c.put(t, "/other", other)
			source := awskeys.Parameter(c.config(), "/other")
			source.Others = []awskeys.AccountRegion{{Partition: text, Region: text, Account: text}}
			return append(back, read(source)...)
		},
		"Source.Key": func(text string) []any {
			return failing(func() (back []any) {
				for _, d := range documents(text) {
					source := awskeys.Parameter(c.config(), parameter)
					source.KeyFiles = true
					_, err := source.Key(ctx, &d)
					back = append(back, err)
				}
				return back
			})
		},
		"NewKMSKey": func(text string) []any {
			return failing(func() (back []any) {
				for _, id := range []string{text, "alias/" + text, "arn:aws:kms:" + text + ":" + account + ":key/a"} {
					_, err := awskeys.NewKMSKey(ctx, kms.NewFromConfig(c.config()), id)
					back = append(back, err)
				}
				return back
			})
		},
		"KMSKey.SignDigest": func(text string) (back []any) {
			for _, hash := range []crypto.Hash{0, crypto.SHA256} {
				_, err := kmsKey.SignDigest(ctx, []byte(text), hash)
				back = append(back, err)
			}
			return back
		},
	})
}

// A secret may hold anything, such as two keys, a key in JSON or half a key.
func TestNoErrorAndNoLogShowsWhatASecretHolds(t *testing.T) {
	c := newCloud(t)
	_, d := c.deploy(t, parameter, "KONE")
	d.TrustedKeys = nil // public keys share the name of their curve with the key
	c.put(t, parameter, d)
	for _, key := range leaktest.Keys() {
		for _, spelling := range key.Spellings() {
			c.mu.Lock()
			c.secrets[secretARN+"/"+d.Key.SecretVersionID] = spelling.Text
			c.mu.Unlock()
			var log bytes.Buffer
			cfg := c.config()
			cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody
			cfg.Logger = logging.NewStandardLogger(&log)
			_, err := awskeys.Open(t.Context(), cfg, "signedfront", "dev", nil)
			if err == nil {
				t.Fatalf("%s, %s: a key of another pair signs", key.Name, spelling.Name)
			}
			if found := key.Find(leaktest.Print(err) + log.String()); found != "" {
				t.Errorf("%s, %s: shows %s", key.Name, spelling.Name, found)
			}
		}
	}
}
