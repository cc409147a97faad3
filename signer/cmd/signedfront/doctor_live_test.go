package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
	"github.com/signedfront/signedfront/signer/internal/doctor"
	"github.com/signedfront/signedfront/signer/internal/status"
	"github.com/signedfront/signedfront/signer/internal/status/statustest"
)

// deployed sets the environment so that programs use account a and, through a proxy, an
// edge with the names of its distribution and an S3 that refuses every request. It
// returns the folder to run programs in, and the requests that the proxy gets.
func deployed(t *testing.T, a *statustest.Account, kind string) (dir string, requests *list) {
	t.Helper()
	dir = inAccount(t, a)
	e := edgeOf(t, a, kind)
	requests = &list{}
	seen := map[string]bool{}
	internet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.add(r)
		switch {
		case strings.HasSuffix(r.Host, ".amazonaws.com"), r.TLS == nil:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte("<Error><Code>AccessDenied</Code></Error>"))
		default:
			requests.mu.Lock()
			hit := seen[r.URL.Path]
			seen[r.URL.Path] = true
			requests.mu.Unlock()
			recorder := httptest.NewRecorder()
			e.ServeHTTP(recorder, r)
			for name, values := range recorder.Header() {
				w.Header()[name] = values
			}
			if hit && recorder.Code == http.StatusOK {
				w.Header().Set("X-Cache", "Hit from cloudfront")
			}
			w.WriteHeader(recorder.Code)
			w.Write(recorder.Body.Bytes())
		}
	})
	through(t, dir, internet)
	return dir, requests
}

// list is a list of requests.
type list struct {
	mu  sync.Mutex
	all []*http.Request
}

func (l *list) add(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}

// soFar returns the requests so far.
func (l *list) soFar() []*http.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// through sets the environment so that programs reach handler at every host, through a
// proxy.
func through(t *testing.T, dir string, handler http.Handler) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(template, parent *x509.Certificate) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
		if err != nil {
			t.Error(err)
		}
		return der
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := sign(authority, authority)
	trusted := filepath.Join(dir, "trusted.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hello.ServerName}, DNSNames: []string{hello.ServerName}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * 24 * time.Hour)}
		return &tls.Certificate{Certificate: [][]byte{sign(leaf, authority)}, PrivateKey: key}, nil
	}
	tunnels := &queue{conns: make(chan net.Conn), closed: make(chan struct{})}
	secure := &http.Server{Handler: handler}
	go secure.Serve(tls.NewListener(tunnels, &tls.Config{GetCertificate: certificate}))
	t.Cleanup(func() { secure.Close() })
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			handler.ServeHTTP(w, r)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		tunnels.conns <- conn
	}))
	t.Cleanup(proxy.Close)
	for name, value := range map[string]string{"HTTP_PROXY": proxy.URL, "HTTPS_PROXY": proxy.URL, "NO_PROXY": "", "SSL_CERT_FILE": trusted, "SSL_CERT_DIR": dir} {
		t.Setenv(name, value)
	}
}

// queue is a listener that accepts connections from a channel.
type queue struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error {
	q.once.Do(func() { close(q.closed) })
	return nil
}

func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }

// edgeOf returns an edge with the cache behaviors of account a's distribution, and its
// keys under their ids. It reads the bucket as that kind of environment does.
func edgeOf(t *testing.T, a *statustest.Account, kind string) *edge.Edge {
	t.Helper()
	var template map[string]any
	if err := json.Unmarshal(recorded.Template(), &template); err != nil {
		t.Fatal(err)
	}
	resources := template["Resources"].(map[string]any)
	properties := func(name string) map[string]any {
		return resources[name].(map[string]any)["Properties"].(map[string]any)
	}
	distribution := properties("ContentDistribution09410A58")["DistributionConfig"].(map[string]any)
	var behaviors []any
	for _, b := range a.Distributions[a.DistributionID].Behaviors {
		behavior := map[string]any{"PathPattern": b.Pattern}
		for name, value := range distribution["DefaultCacheBehavior"].(map[string]any) {
			if name != "TrustedKeyGroups" || len(b.KeyGroups) > 0 {
				behavior[name] = value
			}
		}
		if b.Pattern != "*" {
			behaviors = append(behaviors, behavior)
		}
	}
	distribution["CacheBehaviors"] = behaviors
	var ids []any
	keys := map[string]*signer.PublicKey{}
	for _, id := range a.Groups[a.GroupID].Members {
		ids = append(ids, id)
		key, err := signer.ParsePublicKey([]byte(a.Keys[id].PEM))
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = key
	}
	group := properties("ContentKeyGroupC1B0B78F")["KeyGroupConfig"].(map[string]any)
	group["Items"] = append(ids, group["Items"].([]any)...)
	origin := distribution["Origins"].([]any)[0].(map[string]any)
	statements := properties("ContentBucketPolicy8E6EA0B9")["PolicyDocument"].(map[string]any)["Statement"].([]any)
	reader := statements[1].(map[string]any)
	bucket := properties("ContentBucketDD05A3B9")
	ofDistribution := map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": map[string]any{"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${ContentDistribution09410A58}"}}}
	switch kind {
	case "oac", "kms":
		resources["Control"] = map[string]any{"Type": "AWS::CloudFront::OriginAccessControl", "Properties": map[string]any{"OriginAccessControlConfig": map[string]any{"SigningBehavior": "always"}}}
		origin["S3OriginConfig"], origin["OriginAccessControlId"] = map[string]any{"OriginAccessIdentity": ""}, map[string]any{"Fn::GetAtt": "Control.Id"}
		reader["Principal"], reader["Condition"] = map[string]any{"Service": "cloudfront.amazonaws.com"}, ofDistribution
		if kind == "kms" {
			resources["Key"] = map[string]any{"Type": "AWS::KMS::Key", "Properties": map[string]any{"KeyPolicy": map[string]any{"Statement": []any{
				map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": ofDistribution},
			}}}}
			bucket["BucketEncryption"] = map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": map[string]any{"Fn::GetAtt": "Key.Arn"}}}}}
		}
	case "existing-bucket":
		origin["OriginPath"] = "/media"
	}
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	base, hosts := "https://"+a.Distributions[a.DistributionID].DomainName, a.Distributions[a.DistributionID].Aliases
	prefix := ""
	if kind == "existing-bucket" {
		prefix = "media/"
	}
	e, err := edge.New(edge.Config{
		Template: text, StackName: recorded.StackName, BaseURL: base, Hosts: hosts, PublicKeys: keys,
		Objects: edge.OpenFS(fstest.MapFS{prefix + "albums/7/rt.txt": {Data: []byte("a file")}, prefix + "public/logo.txt": {Data: []byte("a logo")}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// doctorOf runs doctor for the environment dev, and returns the result of each check.
func doctorOf(t *testing.T, dir string, args ...string) (map[string]doctor.Result, *process) {
	t.Helper()
	p := run(t, dir, append([]string{"doctor", "--env", "dev", "--project", "media", "--json"}, args...)...)
	var r doctor.Report
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("%v, exit status %d: %s%s", err, p.status(), p.stdout.String(), p.stderr.String())
	}
	checks := map[string]doctor.Result{}
	for _, c := range r.Checks {
		checks[c.Check] = c
	}
	return checks, p
}

func TestDoctorFindsNothingWrongWithAHealthyEnvironmentOfEachKind(t *testing.T) {
	for _, kind := range []string{"shipped", "domain", "oac", "kms", "existing-bucket", "borrower", "imported", "imported-kms", "rotating", "lender"} {
		t.Run(kind, func(t *testing.T) {
			a := statustest.Healthy(kind)
			dir, requests := deployed(t, a, kind)
			if kind == "imported" {
				if err := a.Values[a.SecretARN].WriteFile(filepath.Join(dir, "private_key.pem")); err != nil {
					t.Fatal(err)
				}
			}
			checks, p := doctorOf(t, dir, "albums/7/rt.txt")
			for name, c := range checks {
				if c.Outcome == doctor.Failed || c.Outcome == doctor.CouldNotAsk {
					t.Errorf("%s: %s: %s", name, c.Outcome, c.What)
				}
			}
			if p.status() != 0 {
				t.Errorf("exit status %d: %s", p.status(), p.stderr.String())
			}
			for _, name := range []string{"status", "propagation", "private-key", "unsigned", "expired", "altered", "foreign-key", "other-path", "spellings", "public-paths", "bucket-object", "signed-url", "signed-cookies", "range", "head", "cache"} {
				if checks[name].Outcome != doctor.Passed {
					t.Errorf("%s is %q: %s", name, checks[name].Outcome, checks[name].What)
				}
			}
			if want := map[bool]doctor.Outcome{true: doctor.Passed, false: doctor.NotAsked}[kind == "domain"]; checks["names"].Outcome != want {
				t.Errorf("names is %q: %s", checks["names"].Outcome, checks["names"].What)
			}
			if n := len(requests.soFar()); n > doctor.MaxRequests || n < 50 {
				t.Errorf("%d requests", n)
			}
			for _, r := range requests.soFar() {
				for _, signature := range append(r.URL.Query()["Signature"], r.Header.Get("Cookie")) {
					if len(signature) > 20 && strings.Contains(p.stdout.String()+p.stderr.String(), signature[:20]) {
						t.Error("it prints a live signature")
					}
				}
			}
		})
	}
}

func TestDoctorFindsACacheBehaviorThatWasOpenedByHand(t *testing.T) {
	for name, test := range map[string]struct {
		pattern  string // live and without a key group
		template string // of the stack, for the pattern
		check    string
	}{
		"an added one":               {"/albums/*", "", "unsigned"},
		"one that lost its group":    {"/videos/*", `{"PathPattern":"/videos/*","TrustedKeyGroups":[{"Ref":"ContentKeyGroupC1B0B78F"}]},`, "signed-paths"},
		"one that lost it, with KEY": {"/albums/*", `{"PathPattern":"/albums/*","TrustedKeyGroups":[{"Ref":"ContentKeyGroupC1B0B78F"}]},`, "unsigned"},
	} {
		a := statustest.Healthy("shipped")
		d, stack := a.Distributions[a.DistributionID], a.Stacks[a.StackName]
		d.Behaviors = slices.Insert(d.Behaviors, 0, status.Behavior{Pattern: test.pattern, Origin: d.Behaviors[0].Origin})
		stack.Template = strings.Replace(stack.Template, `"CacheBehaviors":[`, `"CacheBehaviors":[`+test.template, 1)
		dir, _ := deployed(t, a, "shipped")
		checks, p := doctorOf(t, dir, "albums/7/rt.txt")
		if c := checks[test.check]; c.Outcome != doctor.Failed || p.status() != 3 {
			t.Errorf("%s: exit status %d: %+v", name, p.status(), c)
		}
	}
}

func TestDoctorWithoutTheRightToSignNamesItAndAsksTheRest(t *testing.T) {
	for _, test := range []struct {
		kind, action string
		args         []string
		status       int
		outcome      doctor.Outcome
	}{
		{"shipped", "secretsmanager:GetSecretValue", nil, 0, doctor.NotAsked},
		{"shipped", "secretsmanager:GetSecretValue", []string{"albums/7/rt.txt"}, 1, doctor.CouldNotAsk},
		{"borrower", "secretsmanager:GetSecretValue", []string{"albums/7/rt.txt"}, 1, doctor.CouldNotAsk},
		{"imported-kms", "kms:GetPublicKey", []string{"albums/7/rt.txt"}, 1, doctor.CouldNotAsk},
		{"imported-kms", "kms:Sign", []string{"albums/7/rt.txt"}, 1, doctor.CouldNotAsk},
	} {
		a := statustest.Healthy(test.kind)
		a.Fail[test.action] = "AccessDeniedException"
		dir, _ := deployed(t, a, test.kind)
		checks, p := doctorOf(t, dir, test.args...)
		if key := checks["private-key"]; key.Outcome != test.outcome || !strings.Contains(key.What, "may not use "+test.action) || p.status() != test.status {
			t.Errorf("%s, %q: exit status %d, %+v", test.kind, test.args, p.status(), key)
		}
		for name, want := range map[string]doctor.Outcome{"status": doctor.Passed, "unsigned": doctor.Passed, "bucket-listing": doctor.Passed, "signed-url": doctor.NotAsked, "expired": doctor.NotAsked} {
			if checks[name].Outcome != want {
				t.Errorf("%q: %s is %q: %s", test.args, name, checks[name].Outcome, checks[name].What)
			}
		}
	}
}

func TestDoctorFindsAKeyThatIsLostOrAnother(t *testing.T) {
	other := statustest.Healthy("shipped")
	for name, happens := range map[string]func(a *statustest.Account){
		"lost":    func(a *statustest.Account) { delete(a.Secrets, a.SecretARN) },
		"another": func(a *statustest.Account) { a.Values[a.SecretARN] = other.Values[other.SecretARN] },
	} {
		a := statustest.Healthy("shipped")
		dir, _ := deployed(t, a, "shipped")
		a.Change(happens)
		checks, p := doctorOf(t, dir, "albums/7/rt.txt")
		if key := checks["private-key"]; key.Outcome != doctor.Failed || p.status() != 3 {
			t.Errorf("%s: exit status %d, %+v", name, p.status(), key)
		}
	}
}

func TestAKeyThatDoctorCannotReadIsNotCalledWrong(t *testing.T) {
	for name, test := range map[string]struct {
		kind    string
		happens func(a *statustest.Account)
		says    string
	}{
		"a key file in another folder": {"imported", func(*statustest.Account) {}, "private_key.pem"},
		"throttling":                   {"shipped", func(a *statustest.Account) { a.Fail["secretsmanager:GetSecretValue"] = "ThrottlingException" }, "ThrottlingException"},
	} {
		a := statustest.Healthy(test.kind)
		test.happens(a)
		dir, _ := deployed(t, a, test.kind)
		checks, p := doctorOf(t, dir, "albums/7/rt.txt")
		if key := checks["private-key"]; key.Outcome != doctor.CouldNotAsk || !strings.Contains(key.What, test.says) || p.status() != 1 {
			t.Errorf("%s: exit status %d, %+v", name, p.status(), key)
		}
	}
}

func TestDoctorAsksWhatIsNotKnownOfCloudFront(t *testing.T) {
	a := statustest.Healthy("shipped")
	dir, requests := deployed(t, a, "shipped")
	args := []string{"doctor", "--env", "dev", "--project", "media", "--unknowns", "albums/7/rt.txt"}
	p := run(t, dir, args...)
	out := p.stdout.String()
	if p.status() != 0 || !strings.HasPrefix(out, "### What CloudFront answers\n") || !strings.Contains(out, "| 403 MalformedSignature | 403 MalformedSignature |") || !strings.Contains(out, "\n0 of 23 answers differ from those of the local edge. Requests without an answer: 1.\n") {
		t.Errorf("exit status %d: %s%s", p.status(), out, p.stderr.String())
	}
	if n := len(requests.soFar()); n != 25 { // without the one over IPv6, and with two before them
		t.Errorf("%d requests", n)
	}
	for _, r := range requests.soFar() {
		if signature := r.URL.Query().Get("Signature"); len(signature) > 20 && strings.Contains(out, signature[:20]) || strings.Contains(out, "d111111dev") {
			t.Error("it prints a signature or the distribution")
		}
	}
	p = run(t, dir, append(args, "--json")...)
	var r map[string]any
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil || r["whole"] != true || p.status() != 0 {
		t.Errorf("%v: %s", err, p.stdout.String())
	}
	page, err := os.ReadFile("DOCTOR.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, members := range []map[string]any{r, r["answers"].([]any)[0].(map[string]any), r["answers"].([]any)[len(r["answers"].([]any))-1].(map[string]any)} {
		for name := range members {
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("DOCTOR.md does not name %s", name)
			}
		}
	}
	for name, test := range map[string]struct {
		args   string
		status int
		says   string
	}{
		"without KEY":              {"--unknowns", 2, "--unknowns needs KEY"},
		"with a page of an origin": {"--unknowns --origin https://app.example.com rt.txt", 2, "give it without --origin and --all"},
		"a public object":          {"--unknowns public/logo.txt", 2, "give the key of a private object"},
		"a missing object":         {"--unknowns missing.txt", 1, "a signed URL does not open the object"},
		"a URL":                    {"--unknowns https://example.com/rt.txt", 2, "is a URL, not an object key"},
	} {
		p := run(t, dir, append([]string{"doctor", "--env", "dev", "--project", "media"}, strings.Fields(test.args)...)...)
		if p.status() != test.status || !strings.Contains(p.stderr.String(), test.says) || p.stdout.String() != "" {
			t.Errorf("%s: exit status %d: %s%s", name, p.status(), p.stdout.String(), p.stderr.String())
		}
	}
	a.Change(func(a *statustest.Account) { a.Fail["secretsmanager:GetSecretValue"] = "AccessDeniedException" })
	if p := run(t, dir, args...); p.status() != 1 || !strings.Contains(p.stderr.String(), "may not use secretsmanager:GetSecretValue") {
		t.Errorf("without the right to sign: exit status %d: %s", p.status(), p.stderr.String())
	}
}

func TestDoctorShowsTheStatusIfTheRestCannotBeAsked(t *testing.T) {
	gone := func(a *statustest.Account) { a.Parameters = nil }
	for name, test := range map[string]struct {
		happens func(a *statustest.Account)
		status  int
		check   string
		says    string
	}{
		"a stack that is partly created": {func(a *statustest.Account) {
			gone(a)
			a.Stacks[a.StackName].State, a.Distributions, a.Stacks[a.StackName].Resources = "CREATE_FAILED", nil, nil
		}, 3, "stack", "CREATE_FAILED"},
		"a stack that is partly deleted": {func(a *statustest.Account) {
			gone(a)
			a.Stacks[a.StackName].State = "DELETE_FAILED"
		}, 3, "stack", "DELETE_FAILED"},
		"a deleted document": {gone, 3, "document", "there is no parameter"},
		"another text as the document": {func(a *statustest.Account) {
			a.Parameters[a.Parameter] = []statustest.Version{{Text: "{}", Modified: time.Now()}}
		}, 3, "document", "is not a deployment document"},
		"no rights at all": {func(a *statustest.Account) { a.Fail["*"] = "AccessDenied" }, 1, "deployment document", "may not use ssm:GetParameter"},
		"throttling":       {func(a *statustest.Account) { a.Fail["ssm:GetParameter"] = "ThrottlingException" }, 1, "deployment document", "try again in a minute"},
	} {
		t.Run(name, func(t *testing.T) {
			a := statustest.Healthy("shipped")
			dir, _ := deployed(t, a, "shipped")
			a.Change(test.happens)
			checks, p := doctorOf(t, dir, "albums/7/rt.txt")
			if c := checks[test.check]; p.status() != test.status || !strings.Contains(c.What, test.says) {
				t.Errorf("exit status %d: %+v\n%s", p.status(), c, p.stdout.String())
			}
			if checks["signed-url"].Outcome != doctor.NotAsked {
				t.Errorf("signed-url: %+v", checks["signed-url"])
			}
		})
	}
}

func TestDoctorWithoutAnswersSaysWhatToDo(t *testing.T) {
	dir := inAccount(t, statustest.Empty())
	for name, test := range map[string]struct {
		set  map[string]string
		args string
		says string
	}{
		"no network":                {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "", "hint: check that AWS has this Region, and that this machine is online"},
		"a proxy that is down":      {map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1", "AWS_ENDPOINT_URL": "https://aws.example"}, "", "through the proxy that HTTPS_PROXY names"},
		"no credentials":            {map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "", "no AWS credentials that work"},
		"no Region":                 {map[string]string{"AWS_REGION": ""}, "", "no AWS Region is set"},
		"a wrong name of a Region":  {nil, "--region Ireland", "which is not the name of one"},
		"a Region without it":       {nil, "--region us-west-2", "there is no such environment"},
		"a wrong profile":           {nil, "--profile nope", `there is no AWS profile "nope"`},
		"no such environment":       {nil, "", "there is no such environment"},
		"a wrong name of a project": {nil, "--project a/b", "--project is"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.set {
				t.Setenv(variable, value)
			}
			p := run(t, dir, slices.Concat([]string{"doctor", "--env", "dev"}, strings.Fields(test.args))...)
			if p.status() == 0 || p.status() == 3 || !strings.Contains(p.stderr.String(), test.says) || p.stdout.String() != "" {
				t.Errorf("exit status %d: %s%s", p.status(), p.stdout.String(), p.stderr.String())
			}
		})
	}
}
