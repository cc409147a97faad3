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

// longDuration is durationShape with any number of digits.
var longDuration = regexp.MustCompile(`^([0-9]+d)?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))*$`)

// ParseDuration reads a duration as cdk.json has it, such as "90m", "7d" or
// "1d12h": days, then what [time.ParseDuration] reads. It takes none that is
// negative, and reports whether the text is a duration.
func ParseDuration(text string) (time.Duration, bool) {
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

// FormatDuration returns a duration as ParseDuration reads it: days first, and
// without the units that are zero.
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

// duration checks that a duration is a whole number of seconds within bounds.
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
