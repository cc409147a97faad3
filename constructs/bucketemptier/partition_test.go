package bucketemptier

import "testing"

func TestTheBucketsPartitionIsThatOfTheStack(t *testing.T) {
	for stackID, want := range map[string]string{
		"arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/signedfront-dev/0f51a2d0": "aws-cn",
		"arn:aws:":        "aws",
		"signedfront-dev": "aws",
		"arn:aws-cn":      "aws",
		"":                "aws",
	} {
		if got := partition(stackID); got != want {
			t.Errorf("%q: got %s, want %s", stackID, got, want)
		}
	}
}
