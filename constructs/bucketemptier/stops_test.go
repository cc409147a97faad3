package bucketemptier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/cfn"
)

func TestUploadsAreNotListedAfterVersionsCouldNotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(3)
		listings := 0
		b.fault = func(_ context.Context, call call, effect func() error) error {
			switch call.operation {
			case "Versions":
				return errors.New("S3 is broken")
			case "Uploads":
				listings++
			}
			return effect()
		}
		a, _ := request(t, b, cfn.RequestDelete, bucketID, properties(bucketName))
		if a.Status != cfn.StatusFailed || listings != 0 {
			t.Errorf("%d listings of uploads: %s", listings, a.Body)
		}
	})
}
