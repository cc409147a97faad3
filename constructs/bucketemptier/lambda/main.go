// Command lambda is the Lambda function of the custom resource Custom::EmptyBucket.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/signedfront/signedfront/constructs/bucketemptier"
	"github.com/signedfront/signedfront/constructs/customresource"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	aws, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("reading the function's environment", "cause", err.Error())
		os.Exit(1)
	}
	stacks := customresource.NewCloudFormation(aws)
	provider := &bucketemptier.Provider{Store: bucketemptier.NewS3(aws), Stacks: stacks}
	lambda.Start((&customresource.Handler{Provider: provider, Stacks: stacks, Log: log}).Handle)
}
