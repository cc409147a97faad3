package constructs

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

func servingAFolder(c *config.Content) { c.Bucket, c.BucketPath = "holiday-pictures", "/2026/summer" }

func TestAFolderIsThePathOfTheOriginAndAllThatMayBeRead(t *testing.T) {
	for _, access := range originAccesses {
		for _, missing := range []int{403, 404} {
			change := func(c *config.Content) {
				servingAFolder(c)
				c.OriginAccess, c.Missing, c.DefaultRootObject = access, missing, "index.html"
			}
			template := synthesizeContent(t, change)
			wantJSON(t, "where to upload", template.Outputs["BucketPath"].Value, `"/2026/summer"`)
			_, distribution := template.only(t, "AWS::CloudFront::Distribution")
			origin := distribution.property("DistributionConfig", "Origins").([]any)[0].(map[string]any)
			wantJSON(t, "the path of the origin", origin["OriginPath"], `"/2026/summer"`)

			for _, s := range bucketStatements(t, change) {
				s := s.(map[string]any)
				want := map[any]string{"s3:GetObject": "arn:aws:s3:::holiday-pictures/2026/summer/*", "s3:ListBucket": "arn:aws:s3:::holiday-pictures"}[s["Action"]]
				if s["Effect"] == "Allow" && s["Resource"] != want {
					t.Errorf("%s, missing %d: %v on %v", access, missing, s["Action"], s["Resource"])
				}
			}
		}
	}
}

func TestAFolderIsInTheDocumentAndUploadsGoThereAlone(t *testing.T) {
	content, template := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{
			Bucket: awss3.NewBucket(stack, jsii.String("Files"), nil), BucketPath: "/2026/summer",
			UploadGrantees: []awsiam.IGrantable{awsiam.NewRole(stack, jsii.String("Editor"), &awsiam.RoleProps{AssumedBy: awsiam.NewAccountRootPrincipal()})},
		}
	})
	if content.RequiredBucketPolicy() != nil {
		t.Error("its owner is asked for what the app has written")
	}
	bucket, _ := template.only(t, "AWS::S3::Bucket")
	folder := fmt.Sprintf(`{"Fn::Join": ["", [{"Fn::GetAtt": [%q, "Arn"]}, "/2026/summer/*"]]}`, bucket)
	_, read := template.only(t, "AWS::S3::BucketPolicy")
	wantJSON(t, "what may be read", read.property("PolicyDocument", "Statement").([]any)[0].(map[string]any)["Resource"], folder)
	_, upload := template.only(t, "AWS::IAM::Policy")
	wantJSON(t, "where uploads go", upload.property("PolicyDocument", "Statement").([]any)[0].(map[string]any)["Resource"], folder)
	wantJSON(t, "what uploaders may list", upload.property("PolicyDocument", "Statement").([]any)[1].(map[string]any)["Condition"], `{"StringLike": {"s3:prefix": "2026/summer/*"}}`)
	_, document := template.only(t, "AWS::SSM::Parameter")
	if text := fmt.Sprint(document.Properties["Value"]); !strings.Contains(text, `"path":"/2026/summer"}`) {
		t.Errorf("the document is %s", text)
	}
}

func TestNothingBesideTheFolderIsServed(t *testing.T) {
	for _, access := range originAccesses {
		for _, missing := range []int{403, 404} {
			template := synthesizeContent(t, func(c *config.Content) {
				servingAFolder(c)
				c.OriginAccess, c.Missing, c.DefaultRootObject = access, missing, "index.html"
				c.ErrorPages = []config.ErrorPage{{ErrorCode: 404, ResponsePagePath: "/404.html"}}
			})
			const base = "http://127.0.0.1:8080"
			e, err := edge.New(edge.Config{Template: template.text, BaseURL: base, Objects: edge.OpenFS(fstest.MapFS{
				"2026/summer/index.html": {Data: []byte("start")}, "2026/summer/a/b.png": {Data: []byte("picture")}, "2026/summer/404.html": {Data: []byte("not here")},
				"secret.txt": {Data: []byte("secret")}, "2026/secret.txt": {Data: []byte("secret")}, "2026/summertime.txt": {Data: []byte("secret")}, "index.html": {Data: []byte("secret")},
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
			query, err := pass.URL(base + "/x")
			if err != nil {
				t.Fatal(err)
			}
			_, query, _ = strings.Cut(query, "?")
			for path, want := range map[string]string{
				"/": "start", "/index.html": "start", "/a/b.png": "picture", "/a%2Fb.png": "picture",
				"/2026/summer/a/b.png": "", "/secret.txt": "", "/../secret.txt": "", "/..%2Fsecret.txt": "", "/%2e%2e/secret.txt": "", "/../../index.html": "", "//index.html": "", "/time.txt": "", "time.txt": "",
			} {
				recorder := httptest.NewRecorder()
				request := httptest.NewRequest("GET", "/", nil)
				request.Host, request.RequestURI = strings.TrimPrefix(base, "http://"), path+"?"+query
				e.ServeHTTP(recorder, request)
				body := recorder.Body.String()
				if want != "" && (recorder.Code != 200 || body != want) {
					t.Errorf("%s, missing %d: %s: %d %q, want %q", access, missing, path, recorder.Code, body, want)
				}
				if want == "" && path[0] == '/' && (recorder.Code != missing || (body == "not here") != (missing == 404)) || strings.Contains(body, "secret<") || body == "secret" {
					t.Errorf("%s, missing %d: %s: %d %q", access, missing, path, recorder.Code, body)
				}
			}
			if got := e.BucketPath(); got != "/2026/summer" {
				t.Errorf("the edge serves the folder %q", got)
			}
		}
	}
}
