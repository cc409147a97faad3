package awskeys_test

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

// This program signs a URL that is valid for two minutes. One signer serves the
// whole program.
func ExampleOpen() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	s, err := awskeys.Open(ctx, cfg, "signedfront", "dev", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	signed, err := s.Object(ctx, "albums/7/rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed)
}

// If hundreds of processes start within one second, read the deployment document
// from an environment variable, so that they call AWS only for the key.
func ExampleVariable() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.Open(ctx, awskeys.Variable(cfg, "SIGNEDFRONT_DEPLOYMENT"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
}

// A program that signs for one deployment names its base URL and account, so that
// whoever can write the parameter cannot make it sign for another.
func ExampleSource() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	source := awskeys.Environment(cfg, "signedfront", "prod")
	source.BaseURL = "https://media.example.com"
	source.Account = "111122223333"
	source.Others = []awskeys.AccountRegion{{Region: "eu-central-1"}} // the Region of a KMS key
	s, err := signer.Open(ctx, source, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
}

// A key that never leaves KMS signs a pass, which opens everything below a prefix
// with one call over the network.
func ExampleNewKMSKey() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	key, err := awskeys.NewKMSKey(ctx, kms.NewFromConfig(cfg), "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
	if err != nil {
		log.Fatal(err)
	}
	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
	if err != nil {
		log.Fatal(err)
	}
	pass, err := s.OpenAll(ctx, "https://d111111abcdef8.cloudfront.net/albums/7/", signer.Policy{TTL: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	signed, err := pass.URL("https://d111111abcdef8.cloudfront.net/albums/7/rt.png")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed)
}

// CloudFront's signatures do not allow uploads. To let a browser upload, presign a
// PUT to the bucket with the S3 SDK, in one of the roles that "uploads" in cdk.json
// names, for a page of one of its origins. Then sign the object's URL for its
// viewers. If a folder of the bucket is served, the object's key in the bucket
// starts with the folder.
func Example_upload() {
	ctx := context.Background()
	cfg := aws.Config{ // config.LoadDefaultConfig(ctx) in a program
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
		}),
	}
	// document.Bucket, of awskeys.Environment(cfg, "media", "prod").Deployment(ctx)
	bucket := &signer.Bucket{Name: "example-media", Region: "eu-west-1", Path: "/folder"}
	upload, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket:      &bucket.Name,
		Key:         aws.String(bucket.Key("albums/7/rt.png")),
		ContentType: aws.String("image/png"),
	}, s3.WithPresignExpires(2*time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	target, err := url.Parse(upload.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(upload.Method, target.Host+target.Path, "good for", target.Query().Get("X-Amz-Expires"), "seconds")
	// Output: PUT example-media.s3.eu-west-1.amazonaws.com/folder/albums/7/rt.png good for 120 seconds
}

// A presigned POST limits what a browser uploads: here a PNG of at most 5 MB, under
// one key. The page sends the fields and then the file in a form.
func Example_uploadBounded() {
	ctx := context.Background()
	cfg := aws.Config{ // config.LoadDefaultConfig(ctx) in a program
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
		}),
	}
	bucket := &signer.Bucket{Name: "media-prod-contentbucket-1a2b3c4d", Region: "eu-west-1"} // document.Bucket
	upload, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignPostObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket.Name,
		Key:    aws.String(bucket.Key("albums/7/rt.png")),
	}, func(o *s3.PresignPostOptions) {
		o.Expires = 2 * time.Minute
		o.Conditions = []any{
			[]any{"content-length-range", 1, 5_000_000},
			map[string]string{"Content-Type": "image/png"},
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	upload.Values["Content-Type"] = "image/png" // the field that the condition requires
	fmt.Println(upload.URL, upload.Values["key"], upload.Values["Content-Type"])
	// Output: https://media-prod-contentbucket-1a2b3c4d.s3.eu-west-1.amazonaws.com albums/7/rt.png image/png
}
