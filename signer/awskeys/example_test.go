package awskeys_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
)

// From project and environment to a URL that is good for two minutes.
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
	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed)
}

// CloudFront's signatures open, they do not upload. To let a browser upload,
// presign a PUT to the bucket with the S3 SDK; then sign the object's URL for
// whoever may see it.
func Example_upload() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	put, err := s3.NewPresignClient(s3.NewFromConfig(cfg)).PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket:      aws.String("the output BucketName"),
		Key:         aws.String("uploads/rt.png"),
		ContentType: aws.String("image/png"),
	}, s3.WithPresignExpires(2*time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(put.Method, put.URL)
}
