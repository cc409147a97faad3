package config

import "time"

// ParseDuration reads a duration as cdk.json has it, such as "90m", "7d" or
// "1d12h": days, then what time.ParseDuration reads. Nothing is negative.
func ParseDuration(text string) (time.Duration, bool) { return parseDuration(text) }

// FormatDuration writes a duration as ParseDuration reads it: days first, and
// without the units that are zero.
func FormatDuration(d time.Duration) string { return durationText(d) }
