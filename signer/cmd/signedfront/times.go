package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

const (
	durationHint = "write a number with its unit, such as 90s, 30m, 12h or 7d"
	timeHint     = "write 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970; without an offset it is UTC"
)

const maxDuration = 3650 * 24 * time.Hour // as in cdk.json

// durationFlag is a flag for durations as in cdk.json: "90m", "7d".
type durationFlag struct{ value *time.Duration }

func addDuration(cmd *cobra.Command, value *time.Duration, name string, initial time.Duration, usage string) {
	*value = initial
	cmd.Flags().Var(durationFlag{value}, name, usage)
	cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
}

func (f durationFlag) Type() string { return "duration" }

func (f durationFlag) String() string {
	if f.value == nil || *f.value == 0 {
		return ""
	}
	return config.FormatDuration(*f.value)
}

func (f durationFlag) Set(text string) error {
	wrong := func(what, hint string) error {
		return &failure{err: fmt.Errorf("is %s, %s", signer.Describe(text, signer.FormWord), what), hint: hint}
	}
	d, ok := config.ParseDuration(text)
	_, notTime := parseTime(text)
	switch {
	case ok && d < time.Second:
		return wrong("less than 1s", "write 1s or more, such as 90s, 30m, 12h or 7d")
	case ok && d%time.Second != 0:
		return wrong("which has a fraction of a second", "write a whole number of seconds: CloudFront counts seconds")
	case ok && d > maxDuration, !ok && tooLong.MatchString(text):
		return wrong("longer than "+config.FormatDuration(maxDuration), durationHint)
	case ok:
		*f.value = d
		return nil
	case digits.MatchString(text) && len(text) < 7:
		return wrong("without a unit", fmt.Sprintf("write the unit: %ss for seconds, %sm for minutes, %[1]sh for hours or %[1]sd for days", text, text))
	case notTime == nil:
		return wrong("which is a time, not a duration", durationHint+"; --expires takes a time")
	case strings.HasPrefix(text, "-"):
		return wrong("which is negative", durationHint)
	}
	return wrong("not a duration", durationHint)
}

var (
	digits  = regexp.MustCompile(`^[0-9]+$`)
	tooLong = regexp.MustCompile(`^[0-9]+(d|h|m|s|ms|us|ns)$`)
)

// timeFlag is a flag for times: see parseTime.
type timeFlag struct{ value *time.Time }

func addTime(cmd *cobra.Command, value *time.Time, name, usage string) {
	cmd.Flags().Var(timeFlag{value}, name, usage)
	cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
}

func (f timeFlag) Type() string   { return "time" }
func (f timeFlag) String() string { return "" }

func (f timeFlag) Set(text string) error {
	t, err := parseTime(text)
	if err == nil {
		*f.value = t
	}
	return err
}

// parseTime reads a time as `aws cloudfront sign` does: a day, which is its
// midnight, or a day and a time, both in UTC unless there is an offset, or seconds
// since 1970.
// https://docs.aws.amazon.com/cli/latest/reference/cloudfront/sign.html
func parseTime(text string) (time.Time, error) {
	wrong := func(what, hint string) (time.Time, error) {
		return time.Time{}, &failure{err: fmt.Errorf("is %s, %s", signer.Describe(text, signer.FormWord), what), hint: hint}
	}
	if m := epoch.FindStringSubmatch(text); m != nil {
		if day, err := time.Parse("20060102", text); err == nil && day.Year() >= 1970 {
			return wrong("which would be seconds since 1970", "write the day as "+day.Format(time.DateOnly))
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		switch {
		case err != nil:
			return wrong("after the year 9999", timeHint)
		case n <= 0:
			return wrong("not after 1970", timeHint)
		case n >= 1e17:
			return wrong("which counts nanoseconds since 1970", fmt.Sprintf("write it in seconds: %d", n/1e9))
		case n >= 1e14:
			return wrong("which counts microseconds since 1970", fmt.Sprintf("write it in seconds: %d", n/1e6))
		case n >= 1e11: // seconds of the year 5138
			return wrong("which counts milliseconds since 1970", fmt.Sprintf("write it in seconds: %d", n/1e3))
		}
		return time.Unix(n, 0), nil
	}
	if m := dayAndTime.FindStringSubmatch(text); m != nil {
		written := m[1] + "T" + m[2] + strings.ToUpper(m[3])
		for _, layout := range timeLayouts {
			if t, err := time.Parse(layout, written); err == nil {
				if t.Unix() <= 0 {
					return wrong("not after 1970", timeHint)
				}
				return t, nil
			}
		}
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil && t.Unix() > 0 {
		return t, nil
	}
	if _, ok := config.ParseDuration(text); ok {
		return wrong("which is a duration, not a time", timeHint+"; --ttl takes a duration")
	}
	return wrong("not a time", timeHint)
}

var (
	epoch = regexp.MustCompile(`^(-?[0-9]+)(?:\.[0-9]*)?$`)

	// dayAndTime are a day, the time and the offset.
	dayAndTime  = regexp.MustCompile(`^([0-9-]+)[Tt ]([0-9:.]+) ?([Zz]|[+-][0-9:]+|)$`)
	timeLayouts = []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07", "2006-01-02T15:04",
		"20060102T150405Z0700", "20060102T150405",
	}
)

// checkAddress checks the address of a policy: IPv4, an address or a prefix.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
func checkAddress(text string) error {
	wrong := func(what, hint string) error {
		return &failure{err: fmt.Errorf("--ip is %s, %s", signer.Describe(text, signer.FormWord), what), hint: hint, usage: true}
	}
	const hint = "write one such as 203.0.113.7, or a prefix such as 203.0.113.0/24"
	prefix, err := netip.ParsePrefix(text)
	if !strings.Contains(text, "/") {
		var address netip.Addr
		address, err = netip.ParseAddr(text)
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	switch {
	case err != nil:
		return wrong("not an IPv4 address or prefix", hint)
	case !prefix.Addr().Is4():
		return wrong("but CloudFront policies accept only IPv4", hint)
	case prefix.Masked() != prefix:
		return wrong("a prefix with bits set after its length", "write "+prefix.Masked().String())
	}
	return nil
}
