// Command lambda is the Lambda function of the custom resource Custom::KeyGuard.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/keyguard"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	aws, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("reading the function's environment", "cause", err.Error())
		os.Exit(1)
	}
	provider := &keyguard.Provider{Account: keyguard.NewAWS(aws)}
	stacks := customresource.NewCloudFormation(aws)
	lambda.Start((&customresource.Handler{Provider: provider, Stacks: stacks, Log: log}).Handle)
}
