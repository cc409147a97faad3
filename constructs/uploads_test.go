package constructs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

const uploadRule = `{
	"AllowedOrigins": ["https://app.example.com", "http://localhost:3000"],
	"AllowedMethods": ["PUT", "POST"],
	"AllowedHeaders": ["Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-MD5", "Content-Type", "Expires", "If-Match", "If-None-Match", "x-amz-*"],
	"ExposedHeaders": ["ETag", "x-amz-version-id"],
	"MaxAge": 600
}`

func uploading(c *config.Content) {
	c.Uploads = &config.Uploads{Origins: []string{"https://app.example.com", "http://localhost:3000"}, Roles: []string{"media-editor"}}
}

func TestPagesOfTheOriginsMayUploadAndRolesMay(t *testing.T) {
	before := synthesizeContent(t, func(*config.Content) {})
	after := synthesizeContent(t, uploading)
	wantChanges(t, "uploads", before, after, "+ AWS::S3::Bucket Properties CorsConfiguration", "+ AWS::IAM::Policy")
	_, bucket := after.only(t, "AWS::S3::Bucket")
	wantJSON(t, "the bucket's rules", bucket.property("CorsConfiguration", "CorsRules"), "["+uploadRule+"]")
	_, policy := after.only(t, "AWS::IAM::Policy")
	wantJSON(t, "whose policy it is", policy.Properties["Roles"], `["media-editor"]`)

	reading := synthesizeContent(t, func(c *config.Content) {
		uploading(c)
		c.CORS = &config.CORS{Origins: []string{"https://player.example.com"}}
	})
	_, bucket = reading.only(t, "AWS::S3::Bucket")
	wantJSON(t, "with those that read", bucket.property("CorsConfiguration", "CorsRules"), `[{
		"AllowedOrigins": ["https://player.example.com"],
		"AllowedMethods": ["GET", "HEAD"],
		"AllowedHeaders": ["Range", "If-Range", "If-None-Match", "If-Modified-Since"]
	}, `+uploadRule+"]")
}

func TestABucketThatExistsGetsTheRuleOfUploadsFromItsOwner(t *testing.T) {
	template := synthesizeContent(t, func(c *config.Content) {
		uploading(c)
		c.Bucket = "media-of-old"
	})
	wantJSON(t, "the output", template.Outputs["RequiredBucketCors"].Value,
		`"[{\"AllowedHeaders\":[\"Cache-Control\",\"Content-Disposition\",\"Content-Encoding\",\"Content-Language\",\"Content-MD5\",\"Content-Type\",\"Expires\",\"If-Match\",\"If-None-Match\",\"x-amz-*\"],\"AllowedMethods\":[\"PUT\",\"POST\"],\"AllowedOrigins\":[\"https://app.example.com\",\"http://localhost:3000\"],\"ExposeHeaders\":[\"ETag\",\"x-amz-version-id\"],\"MaxAgeSeconds\":600}]"`)
	template.only(t, "AWS::IAM::Policy")

	_, ofTheApp := contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{Bucket: awss3.NewBucket(stack, jsii.String("Files"), nil), UploadOrigins: []string{"https://app.example.com", "http://localhost:3000"}}
	})
	_, bucket := ofTheApp.only(t, "AWS::S3::Bucket")
	wantJSON(t, "the rules of a bucket of the app", bucket.property("CorsConfiguration", "CorsRules"), "["+uploadRule+"]")
}

// Uploads go to S3 and do not change the distribution.
func TestUploadsChangeNothingOfWhatTheEdgeAnswers(t *testing.T) {
	for name, change := range map[string]func(*config.Content){"without": func(*config.Content) {}, "with uploads": uploading} {
		t.Run(name, func(t *testing.T) {
			e, err := edge.New(edge.Config{
				Template: synthesizeContent(t, change).text, BaseURL: "http://example.com", StackName: "signedfront-dev",
				Objects: edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
			})
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Signer()
			if err != nil {
				t.Fatal(err)
			}
			signed, err := s.URL(t.Context(), "http://example.com/rt.png", signer.Policy{TTL: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 403, "POST": 403, "OPTIONS": 403} {
				r := httptest.NewRequest(method, strings.TrimPrefix(signed, "http://example.com"), nil)
				r.Header.Set("Origin", "https://app.example.com")
				r.Header.Set("Access-Control-Request-Method", "PUT")
				answer := httptest.NewRecorder()
				e.ServeHTTP(answer, r)
				if answer.Code != want || answer.Header().Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %d %v", method, answer.Code, http.Header(answer.Header()))
				}
			}
		})
	}
}
