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

// durationShape is a number of days, or what time.ParseDuration reads, or both in
// that order.
var durationShape = regexp.MustCompile(`^([0-9]{1,5}d)?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))*$`)

// longDuration is durationShape with any number of digits.
var longDuration = regexp.MustCompile(`^([0-9]+d)?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))*$`)

// ParseDuration returns a duration written as in cdk.json, such as "90m", "7d" or
// "1d12h": days, then what [time.ParseDuration] reads. It reports whether the text
// is a duration. A negative one is not.
func ParseDuration(text string) (time.Duration, bool) {
	if text == "" || !durationShape.MatchString(text) {
		return 0, false
	}
	days, rest, given := strings.Cut(text, "d")
	if !given {
		days, rest = "0", text
	}
	n, _ := strconv.Atoi(days) // the shape admits digits only
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

// FormatDuration returns a duration in the form that ParseDuration reads: days
// first, without units that are zero.
func FormatDuration(d time.Duration) string {
	if days := d / day; days > 0 {
		if d %= day; d == 0 {
			return fmt.Sprintf("%dd", days)
		}
		return fmt.Sprintf("%dd%s", days, FormatDuration(d))
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

// duration checks that d is a whole number of seconds from least to maxDuration.
func (n node) duration(d, least time.Duration, because string) {
	switch {
	case d < least:
		n.wrong(FormatDuration(d), fmt.Sprintf("write %s or more%s", FormatDuration(least), because))
	case d > maxDuration:
		n.wrong(FormatDuration(d), fmt.Sprintf("write %s or less", FormatDuration(maxDuration)))
	case d%time.Second != 0:
		n.wrong(FormatDuration(d), "write a whole number of seconds")
	}
}
