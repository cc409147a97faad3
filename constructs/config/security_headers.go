package config

import (
	"fmt"
	"strings"
	"time"
)

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const maxContentSecurityPolicy = 1783

func (h SecurityHeaders) check(at place) {
	policy := at.field("ContentSecurityPolicy")
	switch text := h.ContentSecurityPolicy; {
	case isToken(text):
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		policy.wrong("a character that no header can hold", "write printable ASCII on one line")
	case text != "" && strings.TrimSpace(text) == "":
		policy.wrong("nothing but spaces", "leave it out, or write a policy such as "+examples["contentSecurityPolicy"])
	case len(text) > maxContentSecurityPolicy:
		policy.wrong(fmt.Sprintf("%d characters", len(text)), fmt.Sprintf("write at most %d", maxContentSecurityPolicy))
	}
	if h.FrameOptions != "" {
		at.field("FrameOptions").word(string(h.FrameOptions), h.FrameOptions.words())
	}
	at.field("ReferrerPolicy").word(string(h.ReferrerPolicy), h.ReferrerPolicy.words())
	at.field("StrictTransportSecurity").duration(h.StrictTransportSecurity, time.Second, "")
}
