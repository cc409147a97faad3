package contract

import (
	"strings"
	"testing"
)

func TestTheNumberOfAKeyIsReadFromItsCallerReferenceOfThisStack(t *testing.T) {
	const stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/media-dev/50d6f0a0-d2df-11e5-832f-503abc87a9b4"
	sum := strings.Repeat("0a", 32)
	for reference, want := range map[string]int{
		KeyName("media-dev", 3) + "-50d6f0a0-" + sum: 3,
		"media-dev-key-12-50d6f0a0-" + sum:           12,
		"media-dev-key-3-50d6f0a1-" + sum:            0, // another stack's
		"media-dev-key-3-50d6f0a0-" + sum[1:]:        0,
		"media-dev-key-0-50d6f0a0-" + sum:            0,
		"media-dev-key-3-50d6f0a0-" + sum + "-old":   0,
		"by hand": 0,
		"":        0,
	} {
		if got := KeyNumber(reference, stack); got != want {
			t.Errorf("%s: %d, want %d", reference, got, want)
		}
	}
	if got := KeyNumber("media-dev-key-3-50d6f0a0-"+sum, "not an ARN"); got != 0 {
		t.Errorf("of no stack: %d", got)
	}
}
