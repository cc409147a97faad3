package deploytest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/signedfront/signedfront/signer"
)

// syncs has the AWS command line sync a folder of a bucket in both directions, with
// whole objects and in parts. It compares each call to S3 with what a role of uploads
// may do. The engine itself evaluates no policy of a role.
func (p *app) syncs(t *testing.T) {
	const environment, bucket, folder, role = "synced", "summer-pictures", "/2026/summer", "syncing-editor"
	ctx := t.Context()
	if _, err := p.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}); err != nil {
		t.Fatal(err)
	}
	p.createStack(t, role, roleTemplate(role))
	p.configure(t, func(environments map[string]any) {
		clear(environments)
		// The engine's CloudFront does not know an identity by its canonical user.
		environments[environment] = map[string]any{"ephemeral": true, "originAccess": "oac", "bucket": map[string]any{"name": bucket, "path": folder}, "uploads": map[string]any{"roles": []string{role}}}
	})
	outputs, _ := p.deploy(t, environment)
	if _, err := p.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(outputs["RequiredBucketPolicy"])}); err != nil {
		t.Fatal(err)
	}
	may := p.inlinePolicy(t, role)
	calls := p.recordCalls(t)
	sync := func(want int, args ...string) []s3Call {
		t.Helper()
		calls.taken = nil
		if _, status := p.status(t, p.tools.aws, append([]string{"-m", "awscli", "s3", "sync", "--no-progress", "--endpoint-url", calls.URL}, args...)...); status != want {
			t.Fatalf("aws s3 sync %s: exit status %d, want %d", strings.Join(args, " "), status, want)
		}
		return calls.taken
	}

	files, back := t.TempDir(), t.TempDir()
	const small, large = "albums/día 1+2.png", "large.bin"
	contents := map[string][]byte{small: []byte("a picture"), large: bytes.Repeat([]byte("large "), 3<<20)} // over 8 MB, from which the command line sends parts
	for name, content := range contents {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(files, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(files, name), content)
	}
	to := "s3://" + bucket + outputs["BucketPath"]
	for _, way := range []struct {
		what, from, to string
		calls          []string
	}{
		{"up", files, to, []string{"ListObjectsV2", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}},
		{"up again", files, to, []string{"ListObjectsV2"}},
		{"down", to, back, []string{"ListObjectsV2", "GetObject"}},
	} {
		var names []string
		for _, call := range sync(0, way.from, way.to) {
			if !may.allows(call) {
				t.Errorf("%s: the role does not allow %s: %+v", way.what, call.name, call)
			}
			if !slices.Contains(names, call.name) {
				names = append(names, call.name)
			}
		}
		slices.Sort(names)
		slices.Sort(way.calls)
		if !slices.Equal(names, way.calls) {
			t.Errorf("%s: the command line calls %q, want %q", way.what, names, way.calls)
		}
	}
	for name, content := range contents {
		if got, err := os.ReadFile(filepath.Join(back, name)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s comes back with %d bytes: %v", name, len(got), err)
		}
	}
	signed := strings.TrimSpace(p.run(t, p.signedfront, "url", "--env", environment, small))
	answer := p.view(t, signed)
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || !bytes.Equal(body, contents[small]) {
		t.Errorf("the uploaded object is answered with %d, %.200s", answer.StatusCode, body)
	}

	// The command line aborts an upload of which S3 refuses a part.
	calls.fail = func(call s3Call) bool { return call.name == "UploadPart" }
	writeFile(t, filepath.Join(files, "broken.bin"), contents[large])
	failed := sync(1, files, to)
	if last := failed[len(failed)-1]; last.name != "AbortMultipartUpload" || !may.allows(last) {
		t.Errorf("an upload that fails ends with %+v", last)
	}
	calls.fail = nil

	// The role may do none of these.
	for what, args := range map[string][]string{
		"DeleteObject":  {"--delete", back, to + "/albums"},
		"ListObjectsV2": {back, "s3://" + bucket + "/2026/summertime"},
	} {
		taken := sync(0, args...)
		if !slices.ContainsFunc(taken, func(call s3Call) bool { return call.name == what && !may.allows(call) }) {
			t.Errorf("aws s3 sync %s: the role allows every call of %+v", strings.Join(args, " "), taken)
		}
	}

	p.destroy(t, environment)
}

func roleTemplate(name string) string {
	return `{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "` + name + `", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}}}}}`
}

// s3Call is a call to S3: its name, the permission it needs, the resource, and the
// prefix that it lists.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
type s3Call struct{ name, action, resource, prefix string }

func readCall(r *http.Request) s3Call {
	bucket, key, isObject := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	arn := "arn:aws:s3:::" + bucket
	query := r.URL.Query()
	of := func(name, action string) s3Call { return s3Call{name: name, action: action, resource: arn + "/" + key} }
	switch isObject = isObject && key != ""; {
	case !isObject && r.Method == "GET" && query.Get("list-type") == "2":
		return s3Call{"ListObjectsV2", "s3:ListBucket", arn, query.Get("prefix")}
	case !isObject:
	case r.Method == "GET" && !query.Has("uploadId"):
		return of("GetObject", "s3:GetObject")
	case r.Method == "HEAD":
		return of("HeadObject", "s3:GetObject")
	case r.Method == "PUT" && query.Has("partNumber"):
		return of("UploadPart", "s3:PutObject")
	case r.Method == "PUT" && len(query) == 0 || r.Method == "PUT" && query.Get("x-id") == "PutObject":
		return of("PutObject", "s3:PutObject")
	case r.Method == "POST" && query.Has("uploads"):
		return of("CreateMultipartUpload", "s3:PutObject")
	case r.Method == "POST" && query.Has("uploadId"):
		return of("CompleteMultipartUpload", "s3:PutObject")
	case r.Method == "DELETE" && query.Has("uploadId"):
		return of("AbortMultipartUpload", "s3:AbortMultipartUpload")
	case r.Method == "DELETE":
		return of("DeleteObject", "s3:DeleteObject")
	}
	return s3Call{name: r.Method + " " + r.URL.RequestURI()} // which no policy allows
}

// allows reports whether a statement of the policy allows a call.
func (d *policyDocument) allows(call s3Call) bool {
	for _, s := range d.Statement {
		prefix, bounded := s.Condition["StringLike"]["s3:prefix"]
		if s.Effect == "Allow" && slices.Contains(s.Action, call.action) &&
			slices.ContainsFunc(s.Resource, func(pattern string) bool { return signer.MatchPattern(pattern, call.resource) }) &&
			(len(s.Condition) == 0 || bounded && len(s.Condition) == 1 && signer.MatchPattern(prefix, call.prefix)) {
			return true
		}
	}
	return false
}

// recorder is a proxy to S3 of the account that keeps the calls.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex
	taken []s3Call
	fail  func(s3Call) bool // nil fails none
}

func (a *account) recordCalls(t *testing.T) *recorder {
	t.Helper()
	target, err := url.Parse(a.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = target.Host },
		Transport: loopbackClient.Transport,
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		call := readCall(request)
		r.mu.Lock()
		r.taken = append(r.taken, call)
		fails := r.fail != nil && r.fail(call)
		r.mu.Unlock()
		if fails {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
			return
		}
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}
