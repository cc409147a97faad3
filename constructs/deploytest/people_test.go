package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/signedfront/signedfront/signer"
)

// TestWhatIsThereAlready runs the scenarios with pages, keys and names that others made,
// in an account of its own.
func TestWhatIsThereAlready(t *testing.T) {
	a := openAccount(t)
	defer a.report(t)
	a.bootstrap(t)
	p := a.clone(t)
	_ = t.Run("a page uploads a bounded file, which comes back through a signed URL", p.takesUploads) &&
		t.Run("the AWS command line syncs a folder with the rights of a role of uploads", p.syncs) &&
		t.Run("an existing distribution hands over its key and its domain name", p.takesOver)
}

// upload is an upload by the page, and its result.
type upload struct {
	Name   string            `json:"name"`
	URL    string            `json:"url"`
	Method string            `json:"method"`
	Type   string            `json:"type"`             // of the file
	Size   int               `json:"size"`             // of the file
	Fields map[string]string `json:"fields,omitempty"` // of a form

	Status int    `json:"status,omitempty"` // 0: refused by the browser
	ETag   string `json:"etag,omitempty"`
	Answer string `json:"answer,omitempty"`
}

// page uploads what the server lists, one upload after another, and posts the results.
// The picture is never answered: it delays the load event, for which the browser waits.
const page = `<!DOCTYPE html><title>Uploads</title><img src="/hold"><script>
(async () => {
	const done = [];
	for (const u of await (await fetch("/uploads")).json()) {
		const file = new Blob([new Uint8Array(u.size).fill(7)], {type: u.type});
		let request = {method: u.method, body: file, headers: {"Content-Type": u.type, "x-amz-meta-from": "a page"}};
		if (u.fields) {
			const form = new FormData();
			for (const name in u.fields) form.append(name, u.fields[name]);
			form.append("file", file, "picture.png");
			request = {method: u.method, body: form};
		}
		try {
			const answer = await fetch(u.url, request);
			u.status = answer.status; u.etag = answer.headers.get("ETag") || ""; u.answer = await answer.text();
		} catch (error) {
			u.answer = String(error);
		}
		done.push(u);
	}
	await fetch("/report", {method: "POST", body: JSON.stringify(done)});
})();
</script>`

// browse opens the page of a server in Chromium and returns what the page posts.
// Chromium stays open for a debugger: with --dump-dom it could exit before the page
// posts.
func (a *account) browse(t *testing.T, server *pageServer, uploads ...upload) map[string]upload {
	t.Helper()
	server.uploads, server.reported = uploads, make(chan []upload, 1)
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	browser := exec.CommandContext(ctx, find(t, "chromium", "install Chromium, as with `apt-get install chromium`"),
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server",
		"--user-data-dir="+filepath.Join(home, "profile"), "--remote-debugging-port=0", server.URL)
	browser.Env = append(withoutSettings(os.Environ()), "HOME="+home)
	browser.SysProcAttr = inGroup(a.process)
	var said bytes.Buffer
	browser.Stdout, browser.Stderr = &said, &said
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	defer browser.Wait()
	defer cancel()
	select {
	case done := <-server.reported:
		results := map[string]upload{}
		for _, u := range done {
			results[u.Name] = u
		}
		return results
	case <-ctx.Done():
		cancel()
		browser.Wait()
		t.Fatalf("the page reported no results:\n%s", &said)
		return nil
	}
}

// pageServer serves the page from an origin of its own.
type pageServer struct {
	*httptest.Server
	uploads  []upload
	reported chan []upload
}

func servePage(t *testing.T) *pageServer {
	s := &pageServer{}
	held := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, page)
	})
	mux.HandleFunc("GET /uploads", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(s.uploads) })
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var done []upload
		json.NewDecoder(r.Body).Decode(&done)
		s.reported <- done
	})
	mux.HandleFunc("GET /hold", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { close(held); s.Close() })
	return s
}

// takesUploads has a page of an allowed origin upload with requests that the SDK
// presigned. Uploads from other origins must fail.
func (p *app) takesUploads(t *testing.T) {
	const environment, role = "uploads", "editor"
	ours, theirs := servePage(t), servePage(t)
	p.createStack(t, role, roleTemplate(role))
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		environments[environment] = map[string]any{"ephemeral": true, "originAccess": "oac", "uploads": map[string]any{"origins": []string{ours.URL}, "roles": []string{role}}}
	})
	outputs, _ := p.deploy(t, environment)
	bucket := outputs["BucketName"]

	presigner := s3.NewPresignClient(p.s3As(t, "uploader"))
	const most = 5_000
	post := func(key, kind string) (string, map[string]string) {
		t.Helper()
		form, err := presigner.PresignPostObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key}, func(o *s3.PresignPostOptions) {
			o.Expires = time.Minute
			o.Conditions = []any{[]any{"content-length-range", 1, most}, map[string]string{"Content-Type": "image/png"}}
		})
		if err != nil {
			t.Fatal(err)
		}
		form.Values["Content-Type"] = kind
		return form.URL, form.Values
	}
	put, err := presigner.PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("put.png"), ContentType: aws.String("image/png"), ContentLength: aws.Int64(most), Metadata: map[string]string{"from": "a page"},
	}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	form := func(name, key, kind string, size int) upload {
		address, fields := post(key, kind)
		return upload{Name: name, URL: address, Method: "POST", Type: kind, Size: size, Fields: fields}
	}
	sent := upload{Name: "PUT", URL: put.URL, Method: "PUT", Type: "image/png", Size: most}
	done := p.browse(t, ours, sent, form("POST", "post.png", "image/png", most),
		form("too large", "large.png", "image/png", most+1), form("another type", "page.html", "text/html", 10))
	for name, want := range map[string]int{"PUT": 200, "POST": 204, "too large": 400, "another type": 403} {
		if got := done[name]; got.Status != want {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Answer, want)
		}
	}
	if done["PUT"].ETag == "" {
		t.Error("the page cannot read the ETag")
	}
	// A page of another origin is refused before it sends anything.
	if done := p.browse(t, theirs, upload{Name: "PUT", URL: strings.Replace(put.URL, "put.png", "theirs.png", 1), Method: "PUT", Type: "image/png", Size: 1}); done["PUT"].Status != 0 {
		t.Errorf("a page of another origin: %d %s", done["PUT"].Status, done["PUT"].Answer)
	}
	listed, err := p.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range listed.Contents {
		keys = append(keys, *object.Key)
	}
	if !slices.Equal(keys, []string{"post.png", "put.png"}) {
		t.Errorf("the bucket has %q", keys)
	}

	trusted, err := p.trustedKeys(t.Context(), outputs["DistributionId"])
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"post.png", "put.png"} {
		signed := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", environment, key))
		if v := signer.Verify(signer.Request{URL: signed}, trusted); !v.Allowed {
			t.Errorf("%s: %s", key, v.Detail)
		}
		answer := p.view(t, signed)
		if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || !bytes.Equal(body, bytes.Repeat([]byte{7}, most)) || answer.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s is answered with %d, %d bytes of %s: %.200s", key, answer.StatusCode, len(body), answer.Header.Get("Content-Type"), body)
		}
	}
	p.destroy(t, environment)
}

// s3As returns a client of S3 for a user. The engine knows the user's secret and checks
// the signatures of presigned requests.
func (a *account) s3As(t *testing.T, user string) *s3.Client {
	t.Helper()
	if _, err := a.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &user}); err != nil {
		t.Fatal(err)
	}
	made, err := a.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		t.Fatal(err)
	}
	config := a.config
	config.Credentials = credentials.NewStaticCredentialsProvider(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey, "")
	return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
}

// viewedAs is the header by which the engine finds the account of a distribution.
const viewedAs = "Authorization: AWS4-HMAC-SHA256 Credential=" + accountID + "/20260101/" + region + "/s3/aws4_request"

// view requests a URL from the emulated CloudFront by the name of the distribution.
func (a *account) view(t *testing.T, signed string) *http.Response {
	t.Helper()
	_, target, _ := strings.Cut(signed, "://")
	host, path, _ := strings.Cut(target, "/")
	request, err := http.NewRequestWithContext(t.Context(), "GET", a.endpoint+"/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("X-Forwarded-Proto", "https") // marks HTTPS for the engine
	name, value, _ := strings.Cut(viewedAs, ": ")
	request.Header.Set(name, value)
	answer, err := loopbackClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// takesOver deploys while a distribution made by hand serves, trusts that distribution's
// key, and moves its domain name, as MOVING.md describes.
func (p *app) takesOver(t *testing.T) {
	const environment, name = "moved", "media.example.com"
	ctx := t.Context()
	older, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.cloudFront.CreatePublicKey(ctx, &cloudfront.CreatePublicKeyInput{PublicKeyConfig: &cloudfronttypes.PublicKeyConfig{
		CallerReference: aws.String("by hand"), Name: aws.String("by-hand"), EncodedKey: aws.String(string(older.PublicKey().PEM())),
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := *made.PublicKey.Id
	group, err := p.cloudFront.CreateKeyGroup(ctx, &cloudfront.CreateKeyGroupInput{KeyGroupConfig: &cloudfronttypes.KeyGroupConfig{Name: aws.String("by-hand"), Items: []string{id}}})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := p.in(usEast1).acm.RequestCertificate(ctx, &acm.RequestCertificateInput{DomainName: aws.String(name), ValidationMethod: "DNS"})
	if err != nil {
		t.Fatal(err)
	}
	old, err := p.cloudFront.CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: &cloudfronttypes.DistributionConfig{
		CallerReference: aws.String("by hand"), Comment: aws.String("by hand"), Enabled: aws.Bool(true),
		Aliases: &cloudfronttypes.Aliases{Quantity: aws.Int32(1), Items: []string{name}},
		Origins: &cloudfronttypes.Origins{Quantity: aws.Int32(1), Items: []cloudfronttypes.Origin{{
			Id: aws.String("content"), DomainName: aws.String("example-media.s3.eu-west-1.amazonaws.com"), S3OriginConfig: &cloudfronttypes.S3OriginConfig{OriginAccessIdentity: aws.String("")},
		}}},
		DefaultCacheBehavior: &cloudfronttypes.DefaultCacheBehavior{
			TargetOriginId: aws.String("content"), ViewerProtocolPolicy: "https-only", CachePolicyId: aws.String("658327ea-f89d-4fab-a63d-7e88639e58f6"),
			TrustedKeyGroups: &cloudfronttypes.TrustedKeyGroups{Enabled: aws.Bool(true), Quantity: aws.Int32(1), Items: []string{*group.KeyGroup.Id}},
		},
		ViewerCertificate: &cloudfronttypes.ViewerCertificate{ACMCertificateArn: certificate.CertificateArn, SSLSupportMethod: "sni-only", MinimumProtocolVersion: "TLSv1.2_2021"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := signer.New(id, older, &signer.Options{Hash: signer.SHA1})
	if err != nil {
		t.Fatal(err)
	}
	out, err := theirs.URL(ctx, "https://"+name+"/rt.png", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}

	// Before the move: the older key is trusted, the certificate exists, and the stack
	// has no domain name.
	settings := map[string]any{
		"ephemeral":   true,
		"signingKeys": map[string]any{"keys": map[string]any{"1": map[string]any{}}, "alsoTrust": []string{id}},
		"domain":      map[string]any{"certificate": *certificate.CertificateArn},
	}
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		environments[environment] = settings
	})
	outputs, _ := p.deploy(t, environment)
	distribution := outputs["DistributionId"]
	wantServed := func(baseURL string, names ...string) {
		t.Helper()
		answer, err := p.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &distribution})
		if err != nil {
			t.Fatal(err)
		}
		config := answer.Distribution.DistributionConfig
		var aliases []string
		if config.Aliases != nil {
			aliases = config.Aliases.Items
		}
		if !slices.Equal(aliases, names) || aws.ToString(config.ViewerCertificate.ACMCertificateArn) != *certificate.CertificateArn {
			t.Errorf("it serves %v with the certificate %s, want %v", aliases, aws.ToString(config.ViewerCertificate.ACMCertificateArn), names)
		}
		trusted, err := p.trustedKeys(ctx, distribution)
		if err != nil {
			t.Fatal(err)
		}
		if v := signer.Verify(signer.Request{URL: out}, trusted); !v.Allowed || len(trusted) != 2 {
			t.Errorf("of %d keys, a URL that is out: %s", len(trusted), v.Detail)
		}
		document, err := p.document(ctx, outputs["DeploymentParameterName"])
		if err != nil {
			t.Fatal(err)
		}
		if document.BaseURL != baseURL {
			t.Errorf("URLs start with %s, want %s", document.BaseURL, baseURL)
		}
		listed, err := document.PublicKeys()
		if key, has := listed[id]; err != nil || !has || key != nil || !slices.Equal(slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(trusted))) {
			t.Errorf("the document lists %v: %v", listed, err)
		}
	}
	own := "https://" + outputs["DistributionDomainName"]
	wantServed(own)
	public := filepath.Join(t.TempDir(), "older.pem")
	writeFile(t, public, older.PublicKey().PEM())
	for _, args := range [][]string{nil, {"--public-key", id + "=" + public}} {
		args = append([]string{"explain", "--env", environment, out}, args...)
		if said, got := p.status(t, p.signedfront, args...); got != 0 {
			t.Errorf("%q exits with %d, want 0:\n%s", args[4:], got, said)
		}
	}

	// A key of the stack is added, as in a rotation. The guard ignores the older key.
	settings["signingKeys"].(map[string]any)["keys"], settings["signingKeys"].(map[string]any)["current"] = map[string]any{"1": map[string]any{}, "2": map[string]any{}}, 1
	p.configure(t, func(environments map[string]any) { environments[environment] = settings })
	p.deploy(t, environment)
	settings["signingKeys"].(map[string]any)["keys"] = map[string]any{"1": map[string]any{}}
	p.configure(t, func(environments map[string]any) { environments[environment] = settings })
	p.deploy(t, environment)
	wantServed(own)

	// The name is moved by hand, and then written into the settings.
	now, err := p.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &distribution})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.cloudFront.UpdateDomainAssociation(ctx, &cloudfront.UpdateDomainAssociationInput{
		Domain: aws.String(name), IfMatch: now.ETag, TargetResource: &cloudfronttypes.DistributionResourceId{DistributionId: &distribution},
	}); err != nil {
		t.Fatal(err)
	}
	wantServed(own, name)
	settings["domain"].(map[string]any)["names"] = []string{name}
	p.configure(t, func(environments map[string]any) { environments[environment] = settings })
	p.deploy(t, environment)
	wantServed("https://"+name, name)
	before, err := p.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: old.Distribution.Id})
	if err != nil {
		t.Fatal(err)
	}
	if aliases := before.Distribution.DistributionConfig.Aliases; aliases != nil && len(aliases.Items) > 0 {
		t.Errorf("the old distribution has the names %v", aliases.Items)
	}

	// The older key is removed. Only its owner can know that nothing signed by it is in
	// use.
	delete(settings["signingKeys"].(map[string]any), "alsoTrust")
	p.configure(t, func(environments map[string]any) { environments[environment] = settings })
	if _, said, err := p.tryDeploy(t, environment); err == nil || !strings.Contains(said, id) || !strings.Contains(said, `"guard": false`) {
		t.Errorf("the guard does not refuse to remove the older key: %v\n%s", err, said)
	}
	wantServed("https://"+name, name)
	settings["guard"] = false
	p.configure(t, func(environments map[string]any) { environments[environment] = settings })
	p.deploy(t, environment)
	trusted, err := p.trustedKeys(ctx, distribution)
	if err != nil {
		t.Fatal(err)
	}
	if v := signer.Verify(signer.Request{URL: out}, trusted); v.Allowed || len(trusted) != 1 {
		t.Errorf("of %d keys, a URL of the older key is allowed: %t", len(trusted), v.Allowed)
	}
	p.destroy(t, environment)
}

// inlinePolicy returns the only inline policy of a role.
func (a *account) inlinePolicy(t *testing.T, role string) *policyDocument {
	t.Helper()
	names, err := a.iam.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
	if err != nil || len(names.PolicyNames) != 1 {
		t.Fatalf("the role has the policies %v: %v", names, err)
	}
	answer, err := a.iam.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &names.PolicyNames[0]})
	if err != nil {
		t.Fatal(err)
	}
	text, err := url.QueryUnescape(*answer.PolicyDocument)
	if err != nil {
		t.Fatal(err)
	}
	document := &policyDocument{}
	if err := json.Unmarshal([]byte(text), document); err != nil {
		t.Fatal(err)
	}
	return document
}
