package signer

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer/leaktest"
)

// errorOf drops the result, which is the caller's own text or a key that the caller
// requested.
func errorOf[T any](_ T, err error) []any { return []any{err} }

// A private key may be passed in place of any other text.
func TestNoExportedFunctionShowsAKeyThatItIsHanded(t *testing.T) {
	package_, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // where files are written
	ctx := t.Context()
	key := newKey(t, ECDSAP256)
	s := must[*Signer](t)(New(keyID, key, nil))
	pass := must[*Pass](t)(s.OpenAll(ctx, site+"/albums/", Policy{TTL: time.Hour}))
	signed := must[string](t)(s.URL(ctx, site+"/rt.png", Policy{TTL: time.Hour}))
	keys := map[string]*PublicKey{keyID: key.PublicKey()}

	// policies returns policies with the text in each field.
	policies := func(text string) []Policy {
		return []Policy{{TTL: time.Hour, Resource: text}, {TTL: time.Hour, IPAddress: text}, {TTL: time.Hour, IPAddress: "203.0.113.7/" + text}}
	}
	// cookieOptions returns options with the text in each field.
	cookieOptions := func(text string) []CookieOptions {
		return []CookieOptions{{Domain: text}, {AppHost: text}, {Path: text}, {Path: "/" + text}, {Domain: "example.com", AppHost: text}}
	}
	// documents returns deployment documents with the text in each field.
	documents := func(text string) (all []*Deployment) {
		for _, change := range []func(d *Deployment){
			func(d *Deployment) { d.BaseURL = text }, func(d *Deployment) { d.BaseURL = "https://" + text }, func(d *Deployment) { d.BaseURL += "/" + text },
			func(d *Deployment) { d.KeyPairID = text }, func(d *Deployment) { d.Algorithm = Algorithm(text) }, func(d *Deployment) { d.Hash = Hash(text) },
			func(d *Deployment) { d.PublicKeySHA256 = text }, func(d *Deployment) { d.Region = text },
			func(d *Deployment) { d.Key.SecretARN = text }, func(d *Deployment) { d.Key.SecretVersionID = text },
			func(d *Deployment) { d.Key = KeyLocation{KMSARN: text} }, func(d *Deployment) { d.Key = KeyLocation{File: text} },
			func(d *Deployment) { d.Key = KeyLocation{Parameter: text} }, func(d *Deployment) { d.Key = KeyLocation{Parameter: "/" + text} },
			func(d *Deployment) { d.TrustedKeys = []TrustedKey{{text, ""}} }, func(d *Deployment) { d.TrustedKeys = []TrustedKey{{keyID, text}} },
			func(d *Deployment) { d.TrustedKeys = []TrustedKey{{text, ""}, {text, ""}} },
			func(d *Deployment) { d.Query = &ForwardedQuery{[]string{text}, []string{text, text}} }, func(d *Deployment) { d.Bucket = &Bucket{text, text, text} },
		} {
			d := document(t)
			change(&d)
			all = append(all, &d)
		}
		return all
	}
	// requests returns viewers' requests with the text in each part.
	requests := func(text string) []Request {
		cookies := must[[]*http.Cookie](t)(pass.Cookies(CookieOptions{}))
		changed := func(name string) []string {
			var header []string
			for _, c := range cookies {
				if c.Name == name {
					c = &http.Cookie{Name: name, Value: text}
				}
				header = append(header, c.Name+"="+c.Value)
			}
			return []string{strings.Join(header, "; ")}
		}
		at := time.Now()
		return []Request{
			{URL: text, Time: at}, {URL: site + "/" + text, Time: at}, {URL: signed + "&a=" + text, Time: at},
			{URL: strings.Replace(signed, keyID, text, 1), Time: at}, {URL: strings.Replace(signed, "Expires=", "Expires="+text, 1), Time: at},
			{URL: strings.Replace(signed, "Signature=", "Signature="+text, 1), Time: at}, {URL: site + "/a?Policy=" + text + "&Signature=a&Key-Pair-Id=" + keyID, Time: at},
			{URL: signed + "&Hash-Algorithm=" + text, Time: at},
			{URL: site + "/albums/rt.png", Cookie: []string{text}, Time: at}, {URL: site + "/albums/rt.png", Cookie: changed("CloudFront-Policy"), Time: at},
			{URL: site + "/albums/rt.png", Cookie: changed("CloudFront-Signature"), Time: at}, {URL: site + "/albums/rt.png", Cookie: changed("CloudFront-Key-Pair-Id"), Time: at},
		}
	}
	readsSource := func(source Source, d *Deployment) []any {
		_, err := source.Deployment(ctx)
		_, keyErr := source.Key(ctx, d)
		_, openErr := Open(ctx, source, &OpenOptions{OnEvent: func(Event) {}})
		return []any{err, keyErr, openErr}
	}

	leaktest.Run(t, package_, map[string]func(text string) []any{
		"ParsePrivateKey": func(text string) []any {
			key, err := ParsePrivateKey([]byte(text))
			return []any{key, err}
		},
		"ParsePublicKey": func(text string) (back []any) {
			for _, text := range []string{text, "-----BEGIN " + text + "-----\nAAAA\n-----END " + text + "-----\n", string(key.PublicKey().PEM()) + text} {
				back = append(back, errorOf(ParsePublicKey([]byte(text)))...)
			}
			return back
		},
		"LoadPrivateKey": func(text string) []any { return errorOf(LoadPrivateKey(text)) },
		"LoadDeployment": func(text string) []any { return errorOf(LoadDeployment(text)) },
		"ParseDeployment": func(text string) (back []any) {
			inJSON, _ := json.Marshal(text)
			for _, document := range []string{text, "{" + text, `{"schema": ` + string(inJSON) + `}`, `{"schema": 1, "key": ` + string(inJSON) + `}`, `{"schema": 1, "baseUrl": "` + text, `{"schema": ` + text + `}`} {
				back = append(back, errorOf(ParseDeployment([]byte(document)))...)
			}
			return back
		},
		"FileSource": func(text string) []any {
			return readsSource(FileSource(text), &Deployment{Key: KeyLocation{File: text}})
		},
		"EnvSource": func(text string) []any {
			return readsSource(EnvSource(text), &Deployment{Key: KeyLocation{File: text}})
		},
		"Deployment.Validate": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, d.Validate())
				_, err := Open(ctx, fixedSource{d, key}, nil)
				back = append(back, err)
			}
			return back
		},
		"Deployment.CheckKey": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, d.CheckKey(newKey(t, RSA2048).PublicKey()))
			}
			return back
		},
		"Deployment.PublicKeys": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, errorOf(d.PublicKeys())...)
			}
			return back
		},
		"Deployment.Borrow": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, errorOf(d.Borrow(d))...)
			}
			return back
		},
		"Deployment.MarshalIndent": nil, // its purpose is to write the document
		"Bucket.Key":               nil, // its purpose is to return an S3 key
		"WithSubject":              nil, // keeps the text for the caller's own hook
		"Grant.LogValue":           nil, // its purpose is to log what was signed, and that text
		"KeyLocation.Validate": func(text string) (back []any) {
			for _, d := range documents(text) {
				back = append(back, d.Key.Validate())
			}
			return back
		},
		"New": func(text string) (back []any) {
			back = append(back, errorOf(New(text, key, nil))...)
			back = append(back, errorOf(New(text, nil, nil))...)
			for _, base := range []string{text, "https://" + text, site + "/" + text} {
				back = append(back, errorOf(New(keyID, key, &Options{BaseURL: base}))...)
			}
			return append(back, errorOf(New(keyID, key, &Options{Hash: Hash(text)}))...)
		},
		"GenerateKey":     func(text string) []any { return errorOf(GenerateKey(Algorithm(text))) },
		"IsS3Subresource": func(text string) []any { return []any{IsS3Subresource(text)} },
		"ParseAlgorithm":  func(text string) []any { return errorOf(ParseAlgorithm(text)) },
		"ParseHash":       func(text string) []any { return errorOf(ParseHash(text)) },
		"PrivateKey.Sign": func(text string) (back []any) {
			for _, hash := range []crypto.Hash{0, crypto.SHA256} {
				back = append(back, errorOf(key.Sign(rand.Reader, []byte(text), hash))...)
			}
			return back
		},
		"PrivateKey.SignDigest": func(text string) (back []any) {
			for _, key := range []*PrivateKey{key, newKey(t, RSA2048)} {
				back = append(back, errorOf(key.SignDigest(ctx, []byte(text), 0))...)
				back = append(back, errorOf(key.SignDigest(ctx, []byte(text), crypto.SHA256))...)
			}
			return back
		},
		"PrivateKey.WriteFile": func(text string) []any { return []any{key.WriteFile(text), key.WriteFile("none/" + text)} },
		"Describe": func(text string) (back []any) {
			for form := FormWord; form <= FormText+1; form++ {
				back = append(back, Describe(text, form))
			}
			return back
		},

		"CheckURL": func(text string) []any {
			return []any{CheckURL(text), CheckURL("https://" + text), CheckURL("https://" + text + "/"), CheckURL(site + "/" + text), CheckURL(site + "/a?" + text), CheckURL(site + "/#" + text)}
		},
		"ObjectURL": func(text string) (back []any) {
			for _, base := range []string{text, "https://" + text, site + "/" + text} {
				back = append(back, errorOf(ObjectURL(base, "rt.png"))...)
			}
			for _, object := range []string{text, "/" + text, "../" + text, text + "/..", text + "\xff", strings.Repeat(text, 1+1024/len(text))} {
				back = append(back, errorOf(ObjectURL(site, object))...)
			}
			return back
		},
		"Download.URL": func(text string) (back []any) {
			for _, d := range []Download{{Name: "/" + text}, {Name: text + " "}, {Name: text + "\n"}, {Type: text}, {Type: "text/" + text + "\n"}} {
				back = append(back, errorOf(d.URL(site+"/rt.png"))...)
			}
			return append(back, errorOf(Download{}.URL(text))...)
		},
		"StableExpiry": nil, // returns a time
		"Signer.URL": func(text string) (back []any) {
			for _, url := range []string{text, "https://" + text, site + "/" + text, site + "/" + text + "*"} {
				back = append(back, errorOf(s.URL(ctx, url, Policy{TTL: time.Hour}))...)
			}
			forwarding := must[*Signer](t)(New(keyID, key, &Options{Query: &ForwardedQuery{Signed: []string{}, Public: []string{}}}))
			back = append(back, errorOf(New(keyID, key, &Options{Query: &ForwardedQuery{Signed: []string{text}, Public: []string{}}}))...)
			for _, query := range []string{"response-" + text, "X-Amz-" + text} {
				back = append(back, errorOf(forwarding.URL(ctx, site+"/rt.png?"+query, Policy{TTL: time.Hour}))...)
			}
			for _, p := range policies(text) {
				back = append(back, errorOf(s.URL(ctx, site+"/rt.png", p))...)
			}
			return back
		},
		"Signer.Object": func(text string) (back []any) {
			opened := must[*Signer](t)(Open(ctx, fixedSource{fileDocument(t), key}, nil))
			defer opened.Close()
			back = append(back, errorOf(opened.Object(ctx, "../"+text, Policy{TTL: time.Hour}))...)
			for _, p := range policies(text) {
				back = append(back, errorOf(opened.Object(ctx, "rt.png", p))...)
			}
			return back
		},
		"Signer.OpenAll": func(text string) (back []any) {
			for _, prefix := range []string{text, "https://" + text, site + "/" + text, site + "/" + text + "*/"} {
				back = append(back, errorOf(s.OpenAll(ctx, prefix, Policy{TTL: time.Hour}))...)
			}
			for _, p := range policies(text) {
				back = append(back, errorOf(s.OpenAll(ctx, site+"/", p))...)
			}
			return back
		},
		"Signer.Cookies": func(text string) (back []any) {
			for _, resource := range []string{text, "https://" + text, site + "/" + text + "*"} {
				back = append(back, errorOf(s.Cookies(ctx, resource, Policy{TTL: time.Hour}, CookieOptions{}))...)
			}
			for _, p := range policies(text) {
				back = append(back, errorOf(s.Cookies(ctx, site+"/*", p, CookieOptions{}))...)
			}
			for _, o := range cookieOptions(text) {
				back = append(back, errorOf(s.Cookies(ctx, site+"/*", Policy{TTL: time.Hour}, o))...)
			}
			return back
		},
		"ClearCookies": func(text string) (back []any) {
			back = errorOf(ClearCookies(text, CookieOptions{}))
			for _, o := range cookieOptions(text) {
				back = append(back, errorOf(ClearCookies(site+"/*", o))...)
			}
			return back
		},
		"Pass.URL": func(text string) (back []any) {
			for _, url := range []string{text, "https://" + text, site + "/" + text, site + "/albums/../" + text} {
				back = append(back, errorOf(pass.URL(url))...)
			}
			return back
		},
		"Pass.Object": func(text string) (back []any) {
			for _, object := range []string{text, "/" + text, "../" + text} {
				back = append(back, errorOf(pass.Object(object))...)
			}
			return back
		},
		"Pass.Cookies": func(text string) (back []any) {
			for _, o := range cookieOptions(text) {
				back = append(back, errorOf(pass.Cookies(o))...)
			}
			return back
		},
		"Pass.ClearCookies": func(text string) (back []any) {
			for _, o := range cookieOptions(text) {
				back = append(back, errorOf(pass.ClearCookies(o))...)
			}
			return back
		},
		"Pass.Covers":   nil, // returns a bool
		"Policy.Canned": nil, // returns a bool
		"Verify": func(text string) (back []any) {
			for _, r := range requests(text) {
				v := Verify(r, keys)
				back = append(back, v.Detail, v.Code, v.Reason)
			}
			return back
		},
		"Explain": func(text string) (back []any) {
			for _, r := range requests(text) {
				e := Explain(r, keys)
				back = append(back, e.Detail, e.Code, e.Reason)
			}
			return back
		},
		"PublicKey.VerifyDigest": nil, // returns a bool
		"Code.Message":           nil, // a constant, empty for an unknown code
		"Code.Status":            nil, // a number
		"MatchPattern":           nil, // it returns a bool
		"EscapeSegment":          func(text string) []any { return errorOf(EscapeSegment(text)) },
		"ReadRefusal": func(text string) []any {
			return []any{ReadRefusal([]byte(text)).Detail, ReadRefusal([]byte("<Error><Code>" + text + "</Code><HostId>" + text + "</HostId></Error>")).Detail}
		},
	})
}
