package peers

import (
	"bufio"
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/edgetest"
	"github.com/signedfront/signedfront/signer/internal/vectors"
)

// languages is the folder of the programs in other languages that sign for a
// deployment.
const languages = "../../languages"

var programs = []struct {
	name    string
	command func(t testing.TB) []string
}{
	{"JavaScript", func(t testing.TB) []string {
		return []string{"node", filepath.Join(node(t), "languages", "sign.mjs")}
	}},
	{"Python", func(t testing.TB) []string { return []string{python(t), filepath.Join(languages, "sign.py")} }},
}

const (
	account        = "111122223333"
	region         = "eu-west-1"
	parameter      = "/signedfront/signedfront/dev"
	lender         = "/signedfront/signedfront/lender"
	secretPrefix   = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:"
	otherKeyPairID = "K36X4X2EO997HM"
	versionID      = "00000000-0000-4000-8000-000000000000"
)

// cloud is the part of AWS that the programs call, on loopback.
type cloud struct {
	*httptest.Server

	mu         sync.Mutex
	parameters map[string]string
	secrets    map[string]string // by ARN and version
	down       bool              // every call fails
	cut        bool              // every secret arrives cut off
	at         string            // the account and Region of the parameters
	arns       map[string]string // the ARNs of parameters elsewhere, by name
	calls      map[string]int    // by operation
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{parameters: map[string]string{}, secrets: map[string]string{}, at: region + ":" + account, calls: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.calls[operation]++
	var in struct{ Name, SecretId, VersionId string }
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &in)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		text, _ := json.Marshal(v)
		if c.cut && operation == "GetSecretValue" {
			text = text[:len(text)-40]
		}
		w.Write(text)
	}
	refuse := func(code string) {
		answer(http.StatusBadRequest, map[string]string{"__type": code, "message": "no " + in.Name + in.SecretId})
	}
	value, known := c.parameters[in.Name]
	secret, kept := c.secrets[in.SecretId+"/"+in.VersionId]
	switch {
	case c.down:
		refuse("AccessDeniedException")
	case operation == "GetParameter" && known:
		answer(http.StatusOK, map[string]any{"Parameter": map[string]string{
			"Name": in.Name, "Value": value, "ARN": cmp.Or(c.arns[in.Name], "arn:aws:ssm:"+c.at+":parameter"+in.Name),
		}})
	case operation == "GetParameter":
		refuse("ParameterNotFound")
	case operation == "GetSecretValue" && kept:
		answer(http.StatusOK, map[string]string{"SecretString": secret, "VersionId": in.VersionId, "ARN": in.SecretId, "Name": "key"})
	default:
		refuse("ResourceNotFoundException")
	}
}

// change makes a change that is atomic to requests.
func (c *cloud) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *cloud) put(t testing.TB, name string, d *signer.Deployment) {
	t.Helper()
	text := string(must[[]byte](t)(json.Marshal(d)))
	c.change(func() { c.parameters[name] = text })
}

// deploy puts a key into a secret and its document into a parameter.
func (c *cloud) deploy(t testing.TB, name, baseURL, keyPairID string, key crypto.Signer, hash signer.Hash) *signer.Deployment {
	t.Helper()
	public := must[*signer.PublicKey](t)(signer.NewPublicKey(key.Public()))
	d := &signer.Deployment{
		Schema: 1, BaseURL: baseURL, KeyPairID: keyPairID, Algorithm: public.Algorithm(), Hash: hash,
		PublicKeySHA256: public.Fingerprint(), Region: region, MaxURLLifetime: 3600, MaxKeyAge: 3600,
		Key:         signer.KeyLocation{SecretARN: secretPrefix + "key-" + keyPairID, SecretVersionID: "00000000-0000-4000-8000-0000000000" + keyPairID[1:3]},
		TrustedKeys: []signer.TrustedKey{{ID: keyPairID, SPKI: public.SPKI()}},
	}
	text := pkcs8(t, key)
	c.change(func() { c.secrets[d.Key.SecretARN+"/"+d.Key.SecretVersionID] = text })
	c.put(t, name, d)
	return d
}

func (c *cloud) environment() []string {
	return append(os.Environ(),
		"AWS_ENDPOINT_URL="+c.URL, "AWS_REGION="+region, "AWS_DEFAULT_REGION=", // as their README says
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "PYTHONDONTWRITEBYTECODE=1",
		// Node.js 20 serves until January 2027.
		"AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true")
}

// signs runs a program on lines of input and returns all its output.
func (c *cloud) signs(t testing.TB, command []string, name string, lines ...string) (signed []string, said string, err error) {
	t.Helper()
	program := exec.CommandContext(t.Context(), command[0], append(command[1:], name)...)
	program.Env = c.environment()
	program.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var errs strings.Builder
	program.Stderr = &errs
	out, err := program.Output()
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), errs.String(), err
}

// running is a program that signs one line after another.
type running struct {
	in  io.WriteCloser
	out chan string // lines of standard output and standard error
}

func (c *cloud) start(t *testing.T, command []string, name string) *running {
	t.Helper()
	program := exec.CommandContext(t.Context(), command[0], append(command[1:], name)...)
	program.Env = c.environment()
	r := &running{in: must[io.WriteCloser](t)(program.StdinPipe()), out: make(chan string, 1000)}
	var readers sync.WaitGroup
	for _, pipe := range []io.Reader{must[io.ReadCloser](t)(program.StdoutPipe()), must[io.ReadCloser](t)(program.StderrPipe())} {
		readers.Go(func() {
			for lines := bufio.NewScanner(pipe); lines.Scan(); {
				r.out <- lines.Text()
			}
		})
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		readers.Wait()
		close(r.out)
	}()
	t.Cleanup(func() {
		r.in.Close()
		readers.Wait()
		program.Wait()
	})
	return r
}

// sign returns the URL or the refusal for a line. It skips all other output.
func (r *running) sign(t *testing.T, line string) string {
	t.Helper()
	fmt.Fprintln(r.in, line)
	patience := time.After(time.Minute)
	var said []string
	for {
		select {
		case answer, ok := <-r.out:
			if !ok {
				t.Fatalf("the program has ended: %q", said)
			}
			said = append(said, answer)
			if strings.HasPrefix(answer, "http") || strings.HasPrefix(answer, "CloudFront-") || strings.HasPrefix(answer, "line ") {
				return answer
			}
		case <-patience:
			t.Fatalf("no answer to %s", line)
		}
	}
}

// until signs repeatedly until a result contains want.
func (r *running) until(t *testing.T, line, want string, patience time.Duration) {
	t.Helper()
	start := time.Now()
	for {
		answer := r.sign(t, line)
		if strings.Contains(answer, want) {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("after %s the answer is %q, want %q in it", patience, answer, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// eachProgram runs a test with every program.
func eachProgram(t *testing.T, test func(t *testing.T, command []string)) {
	for _, program := range programs {
		t.Run(program.name, func(t *testing.T) { test(t, program.command(t)) })
	}
}

var objectKeysOfPrograms = []string{
	"rt.png", "albums/7/July 2026/día 1+2.png", "日本語/🎞.mp4", "100%/a&b=c;d,e@f:g", "a(b)!'c'*~$.png", `a"b<c>[d]{e}|^` + "`" + `\#?x=1`, "..a/b..", "%2F",
}

func TestProgramsOfOtherLanguagesSignTheURLsAndCookiesThatWeDo(t *testing.T) {
	for _, way := range []struct {
		name string
		key  crypto.Signer
		hash signer.Hash
	}{
		{"P-256 with SHA-256", ecdsaKey(), signer.SHA256}, {"RSA with SHA-256", rsaKey(), signer.SHA256}, {"RSA with SHA-1", rsaKey(), signer.SHA1},
	} {
		eachProgram(t, func(t *testing.T, command []string) {
			t.Run(way.name, func(t *testing.T) {
				c := newCloud(t)
				d := c.deploy(t, parameter, site, keyPairID, way.key, way.hash)
				keys := must[map[string]*signer.PublicKey](t)(d.PublicKeys())
				var lines []string
				for _, key := range objectKeysOfPrograms {
					lines = append(lines, "url 600 "+key)
				}
				signed, said, err := c.signs(t, command, parameter, append(lines, "cookies 600 albums/*/", "cookies 600 ")...)
				if err != nil || said != "" || len(signed) != len(lines)+2 {
					t.Fatalf("%v, %d lines: %s", err, len(signed), said)
				}
				for i, key := range objectKeysOfPrograms {
					p := takeApart(signed[i])
					if want := must[string](t)(signer.ObjectURL(site, key)); p.url != want || p.keyID != keyPairID || p.policy != "" {
						t.Errorf("%q\nsigned %s\n  want %s with a canned policy", key, signed[i], want)
					}
					if v := signer.Verify(signer.Request{URL: signed[i]}, keys); !v.Allowed {
						t.Errorf("%s: %s", signed[i], v.Detail)
					}
					if v := signer.Verify(signer.Request{URL: signed[i], Time: time.Now().Add(601 * time.Second)}, keys); v.Allowed {
						t.Errorf("%s opens beyond its end", signed[i])
					}
				}
				for i, test := range []struct {
					cookies, path string
					allowed       bool
				}{
					{signed[len(lines)], "/albums/%2A/a.png", true}, {signed[len(lines)], "/albums/%2A/b/c.png", true},
					{signed[len(lines)], "/albums/7/a.png", false}, {signed[len(lines)], "/albums/%2A", false},
					{signed[len(lines)+1], "/albums/7/a.png", true},
				} {
					if want := "CloudFront-Hash-Algorithm=" + strings.ToUpper(string(way.hash)); !strings.Contains(test.cookies, want) {
						t.Errorf("%s, want %s", test.cookies, want)
					}
					if v := signer.Verify(signer.Request{URL: site + test.path, Cookie: []string{test.cookies}}, keys); v.Allowed != test.allowed {
						t.Errorf("%d: %s: allowed is %v: %s", i, test.path, v.Allowed, v.Detail)
					}
				}
			})
		})
	}
}

// The edge generates its keys, as a deployment does. A stack's keys are those in
// its secrets, so the programs sign with the edge's.
func TestTheEdgeServesWhatProgramsOfOtherLanguagesSign(t *testing.T) {
	eachProgram(t, func(t *testing.T, command []string) {
		key := must[*signer.PrivateKey](t)(signer.GenerateKey(signer.ECDSAP256))
		server := edgetest.NewServer(t, edgetest.Options{
			Files: map[string]string{"albums/7/día (1).png": "a picture", "albums/70.png": "another"},
			Edge:  edge.Config{Keys: func(edge.KeyPair) (*signer.PrivateKey, error) { return key, nil }},
		})

		d := server.Edge.Deployment()
		c := newCloud(t)
		d.Region, d.Key = region, signer.KeyLocation{SecretARN: secretPrefix + "key", SecretVersionID: versionID}
		pem := string(must[[]byte](t)(key.MarshalPEM()))
		c.change(func() { c.secrets[d.Key.SecretARN+"/"+versionID] = pem })
		c.put(t, parameter, d)
		signed, said, err := c.signs(t, command, parameter, "url 600 albums/7/día (1).png", "cookies 600 albums/7/")
		if err != nil || len(signed) != 2 {
			t.Fatalf("%v: %s", err, said)
		}
		withCookies := &http.Client{Jar: must[*cookiejar.Jar](t)(cookiejar.New(nil))}
		cookies := must[[]*http.Cookie](t)(http.ParseCookie(signed[1]))
		withCookies.Jar.SetCookies(must[*url.URL](t)(url.Parse(server.URL)), cookies)
		for _, test := range []struct {
			client *http.Client
			url    string
			status int
		}{
			{http.DefaultClient, signed[0], 200}, {http.DefaultClient, strings.Replace(signed[0], "(1)", "(2)", 1), 403},
			{withCookies, server.URL + "/albums/7/d%C3%ADa%20(1).png", 200}, {withCookies, server.URL + "/albums/70.png", 403},
		} {
			response, err := test.client.Get(test.url)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("%s: %s, %s", test.url, response.Status, response.Header.Get("X-Signedfront-Reason"))
			}
		}
	})
}

func TestProgramsOfOtherLanguagesFollowARotation(t *testing.T) {
	for name, borrowing := range map[string]bool{"of their own key": false, "of a lender": true} {
		eachProgram(t, func(t *testing.T, command []string) {
			t.Run(name, func(t *testing.T) {
				c := newCloud(t)
				of := parameter
				if borrowing {
					of = lender
					c.put(t, parameter, &signer.Deployment{Schema: 1, BaseURL: site, Region: region, MaxKeyAge: 4, Key: signer.KeyLocation{Parameter: lender}})
				}
				d := c.deploy(t, of, site, keyPairID, ecdsaKey(), signer.SHA256)
				d.MaxKeyAge = 4
				c.put(t, of, d)
				r := c.start(t, command, parameter)
				first := r.sign(t, "url 60 rt.png")
				if !strings.Contains(first, "Key-Pair-Id="+keyPairID) {
					t.Fatal(first)
				}
				keys := must[map[string]*signer.PublicKey](t)(d.PublicKeys())
				d = c.deploy(t, of, site, otherKeyPairID, rsaKey(), signer.SHA256)
				r.until(t, "url 60 rt.png", "Key-Pair-Id="+otherKeyPairID, 4*time.Second)
				for id, key := range must[map[string]*signer.PublicKey](t)(d.PublicKeys()) {
					keys[id] = key
				}
				for _, signed := range []string{first, r.sign(t, "url 60 rt.png")} {
					if v := signer.Verify(signer.Request{URL: signed}, keys); !v.Allowed {
						t.Errorf("%s: %s", signed, v.Detail)
					}
				}
			})
		})
	}
}

func TestProgramsOfOtherLanguagesSignWithoutTheDocumentUntilTheKeyIsPastItsAge(t *testing.T) {
	eachProgram(t, func(t *testing.T, command []string) {
		c := newCloud(t)
		d := c.deploy(t, parameter, site, keyPairID, ecdsaKey(), signer.SHA256)
		d.MaxKeyAge = 6
		c.put(t, parameter, d)
		r := c.start(t, command, parameter)
		r.sign(t, "url 60 rt.png")
		c.change(func() { c.down = true })
		down := time.Now()
		for time.Since(down) < 3*time.Second {
			if answer := r.sign(t, "url 60 rt.png"); !strings.HasPrefix(answer, "https") {
				t.Fatalf("%s after the last reading: %s", time.Since(down), answer)
			}
			time.Sleep(100 * time.Millisecond)
		}
		c.change(func() {
			// One reading is due after 1.5 seconds, and another each second after it.
			if n := c.calls["GetParameter"]; n < 2 || n > 8 {
				t.Errorf("read %d times in 3 seconds", n)
			}
		})
		r.until(t, "url 60 rt.png", "line ", 5*time.Second)
		for range 3 {
			if answer := r.sign(t, "url 60 rt.png"); !strings.Contains(answer, "AccessDeniedException") {
				t.Errorf("past its age: %s", answer)
			}
		}
		c.change(func() { c.down = false })
		r.until(t, "url 60 rt.png", "https", 5*time.Second)
	})
}

func TestProgramsOfOtherLanguagesRefuse(t *testing.T) {
	const signable = "url 60 rt.png"
	pem := pkcs8(t, ecdsaKey())
	material := strings.Split(pem, "\n")[1][10:50]
	for _, test := range []struct {
		name   string
		change func(t *testing.T, c *cloud, d *signer.Deployment)
		line   string
		want   string // in the refusal
	}{
		{"an expiry beyond maxUrlLifetime", nil, "url 3601 rt.png", "maxUrlLifetime"},
		{"cookies beyond maxUrlLifetime", nil, "cookies 3601 albums/", "maxUrlLifetime"},
		{"no time", nil, "url 0 rt.png", "the seconds"},
		{"an object that no URL reaches", nil, "url 60 a/../rt.png", "the object key"},
		{"a slash at the start", nil, "url 60 /rt.png", "the object key"},
		{"a prefix that opens its neighbours", nil, "cookies 60 albums", "the prefix"},
		{"the wrong public key", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.PublicKeySHA256, d.TrustedKeys = strings.Repeat("0", 64), nil
			c.put(t, parameter, d)
		}, signable, "does not match key pair id " + keyPairID},
		{"a key of another algorithm", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Algorithm = signer.RSA2048
			c.put(t, parameter, d)
		}, signable, "is not rsa-2048"},
		{"schema 2", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Schema = 2
			c.put(t, parameter, d)
		}, signable, "2 is newer"},
		{"a secret of another account", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key.SecretARN = strings.Replace(d.Key.SecretARN, account, "444455556666", 1)
			c.put(t, parameter, d)
		}, signable, "key.secretArn: not in the partition, Region and account"},
		{"a secret of another Region", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key.SecretARN = strings.Replace(d.Key.SecretARN, region, "eu-central-1", 1)
			c.put(t, parameter, d)
		}, signable, "key.secretArn: not in the partition, Region and account"},
		{"a host for a Region", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key.SecretARN = strings.Replace(d.Key.SecretARN, region, "x@evil.example/#", 1)
			c.put(t, parameter, d)
		}, signable, "key.secretArn"},
		{"a document of another account", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() { c.at = region + ":444455556666" })
		}, signable, "key.secretArn: not in the partition, Region and account"},
		{"a document that says another Region", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Region = "eu-central-1"
			c.put(t, parameter, d)
		}, signable, "region: want " + region + ", the Region of the parameter"},
		{"a lender that borrows", func(t *testing.T, c *cloud, d *signer.Deployment) {
			borrowed := &signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: lender}}
			c.put(t, parameter, borrowed)
			c.put(t, lender, &signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: "/a/third"}})
		}, signable, "the lender borrows its key itself"},
		{"a lender's limit", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.MaxURLLifetime = 30
			c.put(t, lender, d)
			c.put(t, parameter, &signer.Deployment{Schema: 1, BaseURL: site, MaxURLLifetime: 7200, Key: signer.KeyLocation{Parameter: lender}})
		}, signable, "maxUrlLifetime"},
		{"a lender whose secret is elsewhere", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key.SecretARN = strings.Replace(d.Key.SecretARN, account, "444455556666", 1)
			c.put(t, lender, d)
			c.put(t, parameter, &signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: lender}})
		}, signable, lender},
		{"a lender of another account", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key.SecretARN = strings.Replace(d.Key.SecretARN, account, "444455556666", 1)
			c.put(t, lender, d)
			c.put(t, parameter, &signer.Deployment{Schema: 1, BaseURL: site, Key: signer.KeyLocation{Parameter: lender}})
			c.change(func() {
				c.arns = map[string]string{lender: "arn:aws:ssm:" + region + ":444455556666:parameter" + lender}
				c.secrets[d.Key.SecretARN+"/"+d.Key.SecretVersionID] = pem
			})
		}, signable, "the lender is not in"},
		{"a response with another parameter", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() {
				c.arns = map[string]string{parameter: "arn:aws:ssm:" + region + ":" + account + ":parameter/other"}
			})
		}, signable, "returned another parameter"},
		{"a key in KMS", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key = signer.KeyLocation{KMSARN: "arn:aws:kms:" + region + ":" + account + ":key/0000"}
			c.put(t, parameter, d)
		}, signable, "only with keys in Secrets Manager"},
		{"a key file", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.Key = signer.KeyLocation{File: "/dev/zero"}
			c.put(t, parameter, d)
		}, signable, "only with keys in Secrets Manager"},
		{"a document that is the key", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() { c.parameters[parameter] = pem })
		}, signable, "not JSON"},
		{"a document that ends in the key", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() { c.parameters[parameter] = `{"schema":1,` + pem })
		}, signable, "not JSON"},
		{"a key where an id belongs", func(t *testing.T, c *cloud, d *signer.Deployment) {
			d.KeyPairID, d.TrustedKeys = pem, nil
			c.put(t, parameter, d)
		}, signable, "keyPairId"},
		{"a secret that is cut off on its way", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() { c.cut = true })
		}, signable, "key-" + keyPairID},
		{"a secret that is no key", func(_ *testing.T, c *cloud, d *signer.Deployment) {
			c.change(func() {
				c.secrets[d.Key.SecretARN+"/"+d.Key.SecretVersionID] = strings.ReplaceAll(pem, "-----END", "hunter2")
			})
		}, signable, "no private key in PEM"},
		{"no parameter", func(_ *testing.T, c *cloud, _ *signer.Deployment) {
			c.change(func() { delete(c.parameters, parameter) })
		}, signable, "ParameterNotFound"},
		{"no secret", func(_ *testing.T, c *cloud, _ *signer.Deployment) { c.change(func() { clear(c.secrets) }) }, signable, "ResourceNotFoundException"},
	} {
		eachProgram(t, func(t *testing.T, command []string) {
			t.Run(test.name, func(t *testing.T) {
				c := newCloud(t)
				d := c.deploy(t, parameter, site, keyPairID, ecdsaKey(), signer.SHA256)
				if test.change != nil {
					test.change(t, c, d)
				}
				signed, said, err := c.signs(t, command, parameter, test.line)
				if err == nil || len(signed) != 0 {
					t.Errorf("%v, signed %q", err, signed)
				}
				if !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 {
					t.Errorf("said %q, want one line with %q", said, test.want)
				}
				if strings.Contains(said, material) || strings.Contains(said, material[:10]) {
					t.Errorf("the key is in %q", said)
				}
			})
		})
	}
	eachProgram(t, func(t *testing.T, command []string) {
		t.Run("a key where the parameter's name belongs", func(t *testing.T) {
			_, said, err := newCloud(t).signs(t, command, pem, signable)
			if err == nil || !strings.Contains(said, "the name of the parameter") || strings.Contains(said, material) {
				t.Errorf("%v, %s", err, said)
			}
		})
	})
}

// The programs report a line that fails with its number, and sign the others.
func TestProgramsOfOtherLanguagesTellTheLinesThatFail(t *testing.T) {
	eachProgram(t, func(t *testing.T, command []string) {
		c := newCloud(t)
		c.deploy(t, parameter, site, keyPairID, ecdsaKey(), signer.SHA256)
		signed, said, err := c.signs(t, command, parameter, "", "url 60 a.png", "url x b.png", "url 60 c\xff.png", "url 60 d.png\r")
		if err == nil || len(signed) != 2 || !strings.HasPrefix(signed[1], site+"/d.png?") {
			t.Errorf("%v, signed %q", err, signed)
		}
		for _, want := range []string{"line 1: want url", "line 3: want url", "line 4: not UTF-8"} {
			if !strings.Contains(said, want) {
				t.Errorf("said %q, want %q in it", said, want)
			}
		}
	})
}

func TestProgramsOfOtherLanguagesTellInALineThatThereIsNoRegion(t *testing.T) {
	eachProgram(t, func(t *testing.T, command []string) {
		c := newCloud(t)
		for _, without := range [][]string{{"-u", "AWS_REGION", "-u", "AWS_DEFAULT_REGION"}, {"-u", "AWS_ENDPOINT_URL", "AWS_REGION=", "AWS_DEFAULT_REGION="}} {
			signed, said, err := c.signs(t, slices.Concat([]string{"env"}, without, command), parameter, "url 60 a.png")
			if lower := strings.ToLower(said); err == nil || len(signed) != 0 || strings.Count(said, "\n") != 1 || !strings.Contains(lower, "region") && !strings.Contains(lower, "endpoint") {
				t.Errorf("%q: %v, %s", without, err, said)
			}
		}
	})
}

// Botocore logs whole responses if a program enables it.
func TestTheKeyComesInNoLogOfPython(t *testing.T) {
	c := newCloud(t)
	c.deploy(t, parameter, site, keyPairID, ecdsaKey(), signer.SHA256)
	pem := pkcs8(t, ecdsaKey())
	command := []string{python(t), "-c", `import logging, sys
logging.basicConfig(level=logging.DEBUG)
sys.path.insert(0, "` + languages + `")
from sign import Signer
print(Signer(sys.argv[1]).url("rt.png", 60))`}
	signed, said, err := c.signs(t, command, parameter)
	if err != nil || len(signed) != 1 {
		t.Fatalf("%v: %s", err, said)
	}
	if !strings.Contains(said, "GetSecretValue") {
		t.Error("nothing was logged, so nothing is proven")
	}
	if strings.Contains(said, strings.Split(pem, "\n")[1][10:50]) {
		t.Error("the key is in the log")
	}
}

func TestTheWordsOfCdkJSONForBotoAloneMakeSuchAKey(t *testing.T) {
	page := string(must[[]byte](t)(os.ReadFile(filepath.Join(languages, "sign.py"))))
	words := regexp.MustCompile(`(?m)^ +("signingKeys": .*)$`).FindStringSubmatch(page)
	if words == nil {
		t.Fatal("sign.py has no settings of signingKeys")
	}
	var context map[string]any
	if err := json.Unmarshal([]byte(`{"project": "p", "environments": {"dev": {`+words[1]+`}}}`), &context); err != nil {
		t.Fatal(err)
	}
	c := must[*config.Config](t)(config.Read(context, nil))
	key, _ := c.Environments[0].Content.SigningKeys.CurrentKey()
	if key.Algorithm != string(signer.RSA2048) || key.Hash != string(signer.SHA1) {
		t.Errorf("the key is %s with %s", key.Algorithm, key.Hash)
	}
}

// readers are programs that call parse, check and borrow. They read a list of calls in
// JSON from standard input, and print the result or the error of each call.
var readers = map[string]func(t testing.TB) []string{
	"JavaScript": func(t testing.TB) []string {
		return []string{"node", "--input-type=module", "--eval", `
import { readFileSync } from "node:fs";
const program = await import(process.argv[2]);
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(({ call, documents, place }) => {
	try {
		const read = documents.map(program.parse);
		return { document: call === "borrow" ? program.borrow(...read) : call === "check" ? program.check(read[0], place) : read[0] };
	} catch (error) {
		return { refused: error.message };
	}
})));`, "no program", filepath.Join(node(t), "languages", "sign.mjs")}
	},
	"Python": func(t testing.TB) []string {
		return []string{python(t), "-B", "-c", `
import json, sys
sys.path.insert(0, sys.argv[1])
import sign
def call(call, documents, place):
    try:
        read = [sign.parse(text) for text in documents]
        return {"document": sign.borrow(*read) if call == "borrow" else sign.check(read[0], place) if call == "check" else read[0]}
    except sign.Refused as error:
        return {"refused": str(error)}
print(json.dumps([call(**c) for c in json.load(sys.stdin)]))`, languages}
	},
}

// unknownToPrograms matches members that the programs do not know and ignore.
var unknownToPrograms = regexp.MustCompile(`^(trustedKeys|query|bucket)`)

func TestProgramsOfOtherLanguagesReadTheVectorsAsWeDo(t *testing.T) {
	type answered struct {
		KeyPairID, Hash           string
		Key                       signer.KeyLocation
		MaxURLLifetime, MaxKeyAge int64
	}
	type call struct {
		Call      string   `json:"call"`
		Documents []string `json:"documents"`
		Place     string   `json:"place"`
		name      string
		refused   bool
		want      func(d answered) bool
	}
	v := vectors.Read(t, filepath.Join(languages, "vectors.json"))
	var calls []call
	for name, text := range v.Documents {
		calls = append(calls, call{Call: "parse", Documents: []string{text}, name: name})
	}
	for _, d := range v.Refused {
		refused := !unknownToPrograms.MatchString(d.Member)
		calls = append(calls, call{Call: "parse", Documents: []string{d.Text}, name: d.Member + ", " + d.Reason, refused: refused})
	}
	for _, p := range v.Places {
		if p.Member != "key.file" { // the programs refuse key.file when they read the key
			parts := strings.SplitN(p.Parameter, ":", 6)
			place := parts[1] + ":" + parts[3] + ":" + parts[4]
			calls = append(calls, call{Call: "check", Documents: []string{p.Text}, Place: place, name: p.Member + ", " + p.Reason, refused: p.Reason != ""})
		}
	}
	for _, b := range v.Borrowing {
		calls = append(calls, call{Call: "borrow", Documents: []string{b.Borrower, b.Lender}, name: b.Name, refused: b.Refused != "", want: func(d answered) bool {
			return d.KeyPairID == b.KeyPairID && d.MaxURLLifetime == b.MaxURLLifetime && d.MaxKeyAge == b.MaxKeyAge && d.Key.SecretARN != "" && d.Hash != ""
		}})
	}
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			command := reader(t)
			var answers []struct {
				Document answered
				Refused  string
			}
			out := run(t, string(must[[]byte](t)(json.Marshal(calls))), command[0], command[1:]...)
			if err := json.Unmarshal([]byte(out), &answers); err != nil || len(answers) != len(calls) {
				t.Fatalf("%v: %d answers to %d calls", err, len(answers), len(calls))
			}
			for i, c := range calls {
				a := answers[i]
				if (a.Refused != "") != c.refused {
					t.Errorf("%s: %s: refused is %q", c.Call, c.name, a.Refused)
				} else if c.want != nil && !c.refused && !c.want(a.Document) {
					t.Errorf("%s: %s: got %+v", c.Call, c.name, a.Document)
				}
			}
		})
	}
}
