package main

import (
	"testing"
	"time"
)

// https://docs.aws.amazon.com/cli/latest/reference/cloudfront/sign.html
func TestTimesAreReadAsTheAWSCLIReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"2030-01-31":                "2030-01-31T00:00:00Z",
		"2030-01-31T12:30:15":       "2030-01-31T12:30:15Z",
		"2030-01-31T12:30:15Z":      "2030-01-31T12:30:15Z",
		"2030-01-31T12:30:15z":      "2030-01-31T12:30:15Z",
		"2030-01-31t12:30:15+02:00": "2030-01-31T10:30:15Z",
		"2030-01-31T12:30:15-0800":  "2030-01-31T20:30:15Z",
		"2030-01-31T12:30:15+02":    "2030-01-31T10:30:15Z",
		"2030-01-31T12:30:15.250Z":  "2030-01-31T12:30:15Z",
		"2030-01-31T12:30":          "2030-01-31T12:30:00Z",
		"2030-01-31 12:30:15":       "2030-01-31T12:30:15Z",
		"2030-01-31 12:30:15 +0200": "2030-01-31T10:30:15Z",
		"20300131T123015Z":          "2030-01-31T12:30:15Z",
		"1896093015":                "2030-01-31T12:30:15Z",
		"1896093015.5":              "2030-01-31T12:30:15Z",
	} {
		got, err := parseTime(text)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is read as %s, want %s (%v)", text, got.UTC().Format(time.RFC3339), want, err)
		}
	}
	for _, text := range []string{
		"", "now", "0", "-1", "20300131", "1896093015000", "1896093015000000", "1896093015000000000", "99999999999999999999",
		"2030-13-01", "2030-02-30", "2030-01-31T25:00", "2030-1-31", "31.01.2030", "01/31/2030", "1960-01-01", "1d", "2030-01-31T12:30:15 CET",
	} {
		if got, err := parseTime(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func TestAMistypedWordIsTakenForTheNearestOne(t *testing.T) {
	names := []string{"local", "url", "cookies", "explain", "keygen", "completion", "version"}
	for word, want := range map[string]string{
		"ulr": "url", "lcoal": "local", "cokies": "cookies", "explian": "explain", "kegen": "keygen", "verison": "version",
		"LOCAL": "local", "key_gen": "keygen",
		"all": "", "u": "", "frobnicate": "",
	} {
		if got := closest(word, names); got != want {
			t.Errorf("%s is taken for %q, want %q", word, got, want)
		}
	}
}
