module github.com/signedfront/signedfront/signer/internal/peers

go 1.25.0

require (
	github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign v1.12.3
	github.com/signedfront/signedfront v0.0.0
)

replace github.com/signedfront/signedfront => ../../..
