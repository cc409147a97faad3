package environment

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	day         = 24 * time.Hour
	maxDuration = 3650 * day
)

// parseDuration reads what time.ParseDuration reads, with days before it:
// "7d", "1d12h". It takes no sign.
func parseDuration(text string) (time.Duration, bool) {
	if text == "" || strings.ContainsAny(text[:1], "+-") {
		return 0, false
	}
	days, rest, given := strings.Cut(text, "d")
	if !given {
		d, err := time.ParseDuration(text)
		return d, err == nil
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, false
	}
	d := time.Duration(n) * day
	if rest == "" {
		return d, true
	}
	if strings.ContainsAny(rest[:1], "+-") {
		return 0, false
	}
	hours, err := time.ParseDuration(rest)
	if err != nil || hours > maxDuration {
		return 0, false
	}
	return d + hours, true
}

// duration checks that a duration is a whole number of seconds within bounds.
func (p place) duration(d, least time.Duration, because string) {
	switch {
	case d < least:
		p.wrong(d.String(), fmt.Sprintf("write %s or more%s", least, because))
	case d > maxDuration:
		p.wrong(d.String(), `write "3650d" or less`)
	case d%time.Second != 0:
		p.wrong(d.String(), "write a whole number of seconds")
	}
}
