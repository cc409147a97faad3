module github.com/signedfront/signedfront/constructs/deploytest

go 1.25.0

require (
	github.com/aws/aws-sdk-go-v2 v1.41.5
	github.com/aws/aws-sdk-go-v2/credentials v1.18.23
	github.com/aws/aws-sdk-go-v2/service/acm v1.37.13
	github.com/aws/aws-sdk-go-v2/service/cloudformation v1.68.4
	github.com/aws/aws-sdk-go-v2/service/cloudfront v1.56.1
	github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs v1.65.0
	github.com/aws/aws-sdk-go-v2/service/iam v1.50.1
	github.com/aws/aws-sdk-go-v2/service/kms v1.48.1
	github.com/aws/aws-sdk-go-v2/service/lambda v1.88.5
	github.com/aws/aws-sdk-go-v2/service/route53 v1.59.4
	github.com/aws/aws-sdk-go-v2/service/s3 v1.97.3
	github.com/aws/aws-sdk-go-v2/service/secretsmanager v1.39.12
	github.com/aws/aws-sdk-go-v2/service/ssm v1.67.1
	github.com/aws/smithy-go v1.24.2
	github.com/signedfront/signedfront v0.0.0
)

require (
	github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream v1.7.8 // indirect
	github.com/aws/aws-sdk-go-v2/internal/configsources v1.4.21 // indirect
	github.com/aws/aws-sdk-go-v2/internal/endpoints/v2 v2.7.21 // indirect
	github.com/aws/aws-sdk-go-v2/internal/v4a v1.4.22 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding v1.13.7 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/checksum v1.9.13 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/presigned-url v1.13.21 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/s3shared v1.19.21 // indirect
)

replace github.com/signedfront/signedfront => ../..
