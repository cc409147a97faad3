package main

import (
	"errors"
	"net"

	"github.com/spf13/cobra"
)

// awsFlags are --profile and --region. As in the AWS CLI, each overrides its
// environment variable, and --profile also overrides credentials in the environment.
type awsFlags struct{ profile, region string }

func (f *awsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.profile, "profile", "", "the AWS `profile` (default AWS_PROFILE)")
	flags.StringVar(&f.region, "region", "", "the AWS `Region` of the stack (default AWS_REGION, or that of the profile)")
	cmd.RegisterFlagCompletionFunc("profile", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("region", cobra.NoFileCompletions)
}

// awsFailure adds a hint to an error of a source whose key is in AWS.
func awsFailure(err error) error {
	var lookup *net.DNSError
	var unreachable *net.OpError
	switch {
	case errors.As(err, &lookup):
		return &failure{err: err, hint: "check that this machine is online, and that AWS has the Region (AWS_REGION, or that of the AWS profile)"}
	case errors.As(err, &unreachable):
		return &failure{err: err, hint: "check that this machine is online and can reach AWS, through the proxy that HTTPS_PROXY names if it is set"}
	}
	return err
}
