package cdkapp_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/signedfront/signedfront/signer/edge/cdkapp"
)

func TestNoKeyIsShownThatWasPutWhereAnAppBelongs(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	body := base64.StdEncoding.EncodeToString(der)
	for way, key := range map[string]string{
		"PEM":                     text,
		"on one line":             strings.ReplaceAll(text, "\n", " "),
		"with literal line feeds": strings.ReplaceAll(text, "\n", `\n`),
		"base64":                  body,
		"a third of it":           body[len(body)/3 : 2*len(body)/3],
		"one line of it":          strings.Split(text, "\n")[3],
	} {
		quoted, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		inShell, err := json.Marshal("printf '%s' '" + key + "' >&2; exit 1")
		if err != nil {
			t.Fatal(err)
		}
		for name, files := range map[string]map[string]string{
			"the app":                 {"cdk.json": `{"app": ` + string(quoted) + `}`},
			"the build":               {"cdk.json": `{"app": "@APP@", "build": ` + string(quoted) + `}`},
			"a variable of the app":   {"cdk.json": `{"app": ["false", ` + string(quoted) + `]}`},
			"what the app prints":     {"cdk.json": `{"app": ` + string(inShell) + `}`},
			"the whole cdk.json":      {"cdk.json": key},
			"a text of cdk.json":      {"cdk.json": string(quoted)},
			"a setting":               {"cdk.json": `{"app": "@APP@", "pathMetadata": ` + string(quoted) + `}`},
			"the context":             {"cdk.json": `{"app": "@APP@", "context": ` + string(quoted) + `}`},
			"the context that it has": {"cdk.json": `{"app": "@APP@"}`, "cdk.context.json": key},
		} {
			dir := newApp(t, oneStack, files)
			_, err := cdkapp.Synthesize(context.Background(), dir, nil)
			check(t, err, body, way+" as "+name)
		}
		_, err = cdkapp.Synthesize(context.Background(), key, nil)
		check(t, err, body, way+" as the folder")
		dir := newApp(t, oneStack, map[string]string{"cdk.json": `{"app": "@APP@"}`})
		t.Setenv("JSII_NODE", strings.ReplaceAll(key, "\x00", ""))
		_, err = cdkapp.Synthesize(context.Background(), dir, nil)
		check(t, err, body, way+" as JSII_NODE")
		if err := os.Unsetenv("JSII_NODE"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatAnAppPrintsIsShown(t *testing.T) {
	const said = "Error: Resource DistributionCFDistribution882A7313 of /Users/alice/Projects/company/product/infrastructure/lib: no such thing\nsee https://example.com/Help"
	dir := newApp(t, nil, map[string]string{"cdk.json": `{"app": "cat said.txt; exit 1"}`, "said.txt": said})
	if _, err := cdkapp.Synthesize(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), said) {
		t.Errorf("got %v", err)
	}
}

func check(t *testing.T, err error, body, what string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	told := err.Error()
	var hinted *cdkapp.Error
	if errors.As(err, &hinted) {
		told += hinted.Hint
	}
	for i := 0; i+12 <= len(body); i++ {
		if strings.Contains(told, body[i:i+12]) {
			t.Errorf("%s: %q of it is shown: %.300s", what, body[i:i+12], told)
			return
		}
	}
}
