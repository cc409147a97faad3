package config_test

import (
	"testing"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

func TestDurationsAreReadAndWrittenWithDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m":   90 * time.Minute,
		"7d":    7 * 24 * time.Hour,
		"1d12h": 36 * time.Hour,
		"45s":   45 * time.Second,
	} {
		d, ok := config.ParseDuration(text)
		if !ok || d != want {
			t.Errorf("%s is %s, %t", text, d, ok)
		}
	}
	for _, text := range []string{"", "120", "-5m", "1w", "1.5d", "1 day", "99999999999h"} {
		if d, ok := config.ParseDuration(text); ok {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	if got := config.FormatDuration(36*time.Hour + 30*time.Minute); got != "1d12h30m" {
		t.Errorf("36h30m is written %s", got)
	}
}
