//go:build !noaws

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go/logging"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awskeys"
	"github.com/signedfront/signedfront/signer/internal/awsaccount"
	"github.com/signedfront/signedfront/signer/internal/status"
)

var regionShape = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// config returns the configuration and credentials that the AWS CLI would use here.
// It neither repeats the SDK's errors nor writes its log, because they quote files
// with secrets.
func (f *awsFlags) config(ctx context.Context, needsRegion bool) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if f.profile != "" {
		options = append(options, config.WithSharedConfigProfile(f.profile))
	}
	if f.region != "" {
		options = append(options, config.WithRegion(f.region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	switch {
	case ctx.Err() != nil:
		return cfg, ctx.Err()
	case errors.As(err, &missing):
		return cfg, &failure{
			err:  fmt.Errorf("there is no AWS profile %s", signer.Describe(missing.Profile, signer.FormName)),
			hint: "`aws configure list-profiles` lists the profiles, and AWS_PROFILE chooses one",
		}
	case err != nil:
		return cfg, &failure{err: errors.New("the AWS configuration cannot be read"), hint: "`aws configure list` shows the profile and its files"}
	case cfg.Region == "" && needsRegion:
		return cfg, &failure{err: errors.New("no AWS Region is set"), hint: "give the Region of the stack: --region eu-west-1, or AWS_REGION, or the region of the AWS profile"}
	case cfg.Region != "" && !regionShape.MatchString(cfg.Region):
		wrong := &failure{err: fmt.Errorf("the AWS Region is %s, which is not the name of one", signer.Describe(cfg.Region, signer.FormWord)), hint: "set AWS_REGION to one such as eu-west-1"}
		if name := strings.TrimRight(strings.ToLower(strings.TrimSpace(cfg.Region)), "abcdefghijklmnopqrstuvwxyz"); regionShape.MatchString(name) {
			wrong.hint = "did you mean " + name + "? set AWS_REGION to that"
		}
		return cfg, wrong
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		wrong := &failure{err: errors.New("no AWS credentials that work"), hint: "run `aws sso login` or `aws configure`, or set AWS_PROFILE"}
		var expired *ssocreds.InvalidTokenError
		switch {
		case ctx.Err() != nil:
			return cfg, ctx.Err()
		case errors.As(err, &expired):
			wrong.err = errors.New("you are not signed in to AWS IAM Identity Center, or the session has expired")
			wrong.hint = "sign in with `aws sso login`"
		}
		return cfg, wrong
	}
	return cfg, nil
}

// openEnvironment returns the source of a deployed environment. Its deployment document may
// name a key file.
func (f *awsFlags) openEnvironment(ctx context.Context, project, name string) (signer.Source, error) {
	cfg, err := f.config(ctx, true)
	if err != nil {
		return nil, err
	}
	source := awskeys.Environment(cfg, project, name)
	source.KeyFiles = true
	return source, nil
}

// openDocument returns the source of a deployment document in a file, whose key is in AWS.
// The user chose the file, so its Region, if it names one, is intended.
func (f *awsFlags) openDocument(ctx context.Context, file, region string) (signer.Source, error) {
	cfg, err := f.config(ctx, false)
	if err != nil {
		return nil, err
	}
	cfg.Region = cmp.Or(region, cfg.Region)
	return awskeys.File(cfg, file), nil
}

// openAccount returns the account of the credentials, and its Region.
func (f *awsFlags) openAccount(ctx context.Context) (_ status.Account, region string, err error) {
	cfg, err := f.config(ctx, true)
	if err != nil {
		return nil, "", err
	}
	return awsaccount.New(cfg), cfg.Region, nil
}
