package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	day         = 24 * time.Hour
	maxDuration = 3650 * day
)

// durationShape is days, or what time.ParseDuration reads, or the one before
// the other.
var durationShape = regexp.MustCompile(`^([0-9]{1,5}d)?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))*$`)

// parseDuration reads a duration such as "7d", "1d12h" or "90m".
func parseDuration(text string) (time.Duration, bool) {
	if text == "" || !durationShape.MatchString(text) {
		return 0, false
	}
	days, rest, given := strings.Cut(text, "d")
	if !given {
		days, rest = "0", text
	}
	n, _ := strconv.Atoi(days) // the shape leaves nothing that fails
	d := time.Duration(n) * day
	if rest == "" {
		return d, true
	}
	hours, err := time.ParseDuration(rest)
	if err != nil || hours > maxDuration {
		return 0, false
	}
	return d + hours, true
}

// durationText is a duration as cdk.json has it: days first, and without the
// zeros that Go adds.
func durationText(d time.Duration) string {
	if days := d / day; days > 0 {
		if d %= day; d == 0 {
			return fmt.Sprintf("%dd", days)
		}
		return fmt.Sprintf("%dd%s", days, durationText(d))
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// duration checks that a duration is a whole number of seconds within bounds.
func (p place) duration(d, least time.Duration, because string) {
	switch {
	case d < least:
		p.wrong(durationText(d), fmt.Sprintf("write %s or more%s", durationText(least), because))
	case d > maxDuration:
		p.wrong(durationText(d), fmt.Sprintf("write %s or less", durationText(maxDuration)))
	case d%time.Second != 0:
		p.wrong(durationText(d), "write a whole number of seconds")
	}
}
