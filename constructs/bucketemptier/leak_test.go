package bucketemptier_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
)

// Somebody may have written a private key in place of a name: no answer and no log may
// contain any part of it.
func TestNoErrorQuotesAKeyThatStandsWhereANameBelongs(t *testing.T) {
	const body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx9GsV5u2mQ0aZ8Kx"
	for spelling, value := range map[string]string{
		"as PEM": "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n", "a line of it": body, "a piece of it": body[16:60],
	} {
		inBubble(t, spelling, func(t *testing.T) {
			b := newBucket(3)
			for at := 1; at <= 5; at++ { // each call fails once
				b.calls = 0
				b.fault = func(_ context.Context, call call, effect func() error) error {
					if call.number == at {
						return errors.New("the network is down")
					}
					return effect()
				}
				a, log := request(t, b, cfn.RequestDelete, "signedfront:empty-bucket:"+value, map[string]any{"RoleArn": value, "BucketName": value})
				for i := range len(body) - 12 {
					if piece := body[i : i+12]; strings.Contains(a.Reason+log, piece) {
						t.Fatalf("%q of the key was told: %s\n%s", piece, a.Reason, log)
					}
				}
			}
		})
	}
}
