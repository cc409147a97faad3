//go:build signedfront_emulator

package customresource_test

import (
	"testing"

	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
)

func TestAFunctionForAnEmulatorAnswersOneOnThisMachine(t *testing.T) {
	for url, want := range map[string]int{
		"http://127.0.0.1:4566/_ministack/cfn-response/1": 1,
		"http://[::1]:4566/_ministack/cfn-response/1":     1,
		"http://localhost:4566/_ministack/cfn-response/1": 0,
		"http://192.0.2.1:4566/_ministack/cfn-response/1": 0,
		"https://evil.example" + presigned:                0,
	} {
		if urls, _, said := sentTo(t, url, customresourcetest.StackID); len(urls) != want {
			t.Errorf("%s: sent to %q: %s", url, urls, said)
		}
	}
}
