//go:build !signedfront_emulator

package customresource_test

import (
	"testing"

	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

func TestADeployedFunctionAnswersNoEmulator(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_CLOUDFORMATION"} {
		t.Setenv(name, "http://127.0.0.1:4566")
	}
	if urls, called, said := sentTo(t, "http://127.0.0.1:4566/_ministack/cfn-response/1", customresourcetest.StackID); len(urls) != 0 || called {
		t.Errorf("sent to %q, provider called: %t, said %s", urls, called, said)
	}
}
