package constructs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

func tellingMissing(c *config.Content) { c.Missing, c.DefaultRootObject = 404, "index.html" }

// Whoever reads may list the bucket itself, under the conditions under which it
// may read, and nobody else may.
func TestWhereMissingObjectsAreToldTheReadersMayListTheBucket(t *testing.T) {
	for _, access := range originAccesses {
		t.Run(string(access), func(t *testing.T) {
			for _, existing := range []string{"", "holiday-pictures"} {
				plain, telling := bucketStatements(t, func(c *config.Content) {
					c.OriginAccess, c.Bucket, c.DefaultRootObject = access, existing, "index.html"
				}), bucketStatements(t, func(c *config.Content) {
					c.OriginAccess, c.Bucket = access, existing
					tellingMissing(c)
				})
				var want []any
				for _, s := range plain {
					want = append(want, s)
					if s := s.(map[string]any); s["Effect"] == "Allow" {
						lists := map[string]any{}
						for name, value := range s {
							lists[name] = value
						}
						lists["Action"] = "s3:ListBucket"
						lists["Resource"] = strings.TrimSuffix(s["Resource"].(string), "/*")
						want = append(want, lists)
					}
				}
				if got := fmt.Sprint(telling); got != fmt.Sprint(want) {
					t.Errorf("got  %v\nwant %v", got, want)
				}
			}
		})
	}
}

// bucketStatements returns the statements of the bucket's policy or, for an existing
// bucket, those of the output for its owner.
func bucketStatements(t *testing.T, change func(*config.Content)) []any {
	t.Helper()
	template := synthesizeContent(t, change)
	values := map[string]string{"AWS::Partition": "aws", "AWS::AccountId": "123456789012"}
	for id := range template.Resources {
		values[id], values[id+".Arn"], values[id+".S3CanonicalUserId"] = id, "arn:aws:s3:::holiday-pictures", "identity"
	}
	required, has := template.Outputs["RequiredBucketPolicy"]
	if !has {
		_, policy := template.only(t, "AWS::S3::BucketPolicy")
		return resolveAll(t, policy.property("PolicyDocument", "Statement"), values).([]any)
	}
	var policy struct{ Statement []any }
	if err := json.Unmarshal([]byte(resolve(t, required.Value, values).(string)), &policy); err != nil {
		t.Fatal(err)
	}
	return policy.Statement
}

// A list of the bucket is what S3 answers at its root to who may list it.
func TestNoRequestGetsAListOfTheBucketWhereMissingObjectsAreTold(t *testing.T) {
	for _, access := range originAccesses {
		for _, pages := range [][]config.ErrorPage{nil, {{ErrorCode: 403, ResponsePagePath: "/pages/403.html"}, {ErrorCode: 404, ResponsePagePath: "/pages/404.html"}}} {
			for _, public := range [][]string{nil, {"/*"}} {
				t.Run(fmt.Sprintf("%s, %d pages, public %v", access, len(pages), public), func(t *testing.T) {
					_, template := contentIn(t, func(awscdk.Stack) *PrivateContentProps {
						return &PrivateContentProps{
							Missing: 404, DefaultRootObject: "index.html", OriginAccess: access, ErrorPages: pages, PublicPaths: public,
							ConfigureDistribution: func(p *awscloudfront.DistributionProps) {
								p.DefaultBehavior.OriginRequestPolicy = awscloudfront.OriginRequestPolicy_ALL_VIEWER()
							},
						}
					})
					for _, file := range []string{"index.html", "other.html"} { // with the root object, and without
						wantNoList(t, template, file, public, len(pages) > 0)
					}
				})
			}
		}
	}
}

func wantNoList(t *testing.T, template *template, file string, public []string, hasPages bool) {
	t.Helper()
	const base = "http://127.0.0.1:8080"
	e, err := edge.New(edge.Config{Template: template.text, BaseURL: base, Objects: edge.OpenFS(fstest.MapFS{
		file: {Data: []byte("content")}, "secret.txt": {Data: []byte("secret")}, "pages/404.html": {Data: []byte("not here")}, "pages/403.html": {Data: []byte("not you")},
	})})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Signer()
	if err != nil {
		t.Fatal(err)
	}
	pass, err := s.OpenAll(context.Background(), base+"/", signer.Policy{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "/?list-type=2", "/?prefix=", "/?prefix=secret&delimiter=/", "/?versions", "/?location", "/?max-keys=1", "/?", "/?acl",
		"//", "///", "/.", "/..", "/./", "/../", "//?list-type=2", "/%2F", "/%2f?list-type=2", "/%3Flist-type=2", "/%00", "/%20", "/+", "/%2E", "/pages/", "/pages/..", "/pages/../",
		"/missing", "/missing?list-type=2", "/secret.txt/", "/index.html/",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			recorder := httptest.NewRecorder()
			request := httptest.NewRequest(method, "/", nil)
			request.Host, request.RequestURI = strings.TrimPrefix(base, "http://"), path
			cookies, err := pass.Cookies(signer.CookieOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cookies {
				if c.Value != "" { // others clear what is left of a canned policy
					request.AddCookie(c)
				}
			}
			e.ServeHTTP(recorder, request)
			body, reason := recorder.Body.String(), recorder.Header().Get("X-Signedfront-Reason")
			if strings.Contains(reason, "list the bucket") || strings.Contains(body, "ListBucketResult") || strings.Contains(body, "secret.txt</Key>") && !strings.HasPrefix(path, "/secret.txt") {
				t.Errorf("%s %s: %d %s: %s", method, path, recorder.Code, reason, body)
			}
			// What is at / is the root object, and where that is missing it is 404.
			want := 404
			if file == "index.html" && (path == "/" || strings.HasPrefix(path, "/?")) {
				want = 200
			}
			if path == "/?acl" && len(public) == 0 {
				want = 501 // a parameter that reaches the bucket, and that the edge does not do
			}
			if recorder.Code != want {
				t.Errorf("%s %s with %s: %d, want %d: %s", method, path, file, recorder.Code, want, reason)
			}
			if method == "GET" && recorder.Code == 404 && (body == "not here") != hasPages {
				t.Errorf("%s: the body %q", path, body)
			}
		}
	}
}
