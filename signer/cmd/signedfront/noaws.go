//go:build noaws

package main

import (
	"context"
	"errors"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/status"
)

// errNoAWS is the error of a program that was built with -tags=noaws, where it needs AWS.
// Such a program compiles in a third of the time: the AWS clients are most of the code.
var errNoAWS = &failure{err: errors.New("this program was built with -tags=noaws, without the AWS clients"), hint: "build it again without that tag"}

func (*awsFlags) openEnvironment(context.Context, string, string) (signer.Source, error) {
	return nil, errNoAWS
}

func (*awsFlags) openDocument(context.Context, string, string) (signer.Source, error) {
	return nil, errNoAWS
}

func (*awsFlags) openAccount(context.Context) (_ status.Account, region string, err error) {
	return nil, "", errNoAWS
}
