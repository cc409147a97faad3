package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
)

var regionShape = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// awsFlags are --profile and --region. As in the AWS CLI, each overrides its
// environment variable, and --profile the credentials of the environment.
type awsFlags struct{ profile, region string }

func (f *awsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.profile, "profile", "", "the AWS `profile` (default AWS_PROFILE)")
	flags.StringVar(&f.region, "region", "", "the AWS `Region` of the stack (default AWS_REGION, or that of the profile)")
	cmd.RegisterFlagCompletionFunc("profile", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("region", cobra.NoFileCompletions)
}

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

// awsFailure adds a hint to an error of a source whose key is in AWS.
func awsFailure(err error) error {
	var lookup *net.DNSError
	var unreachable *net.OpError
	switch {
	case errors.As(err, &lookup):
		return &failure{err: err, hint: "is this machine online, and is the Region (AWS_REGION, or that of the AWS profile) one that AWS has?"}
	case errors.As(err, &unreachable):
		return &failure{err: err, hint: "is this machine online, and may it reach AWS? HTTPS_PROXY names a proxy"}
	}
	return err
}
