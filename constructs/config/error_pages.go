package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrorPage is an object that is served in place of an error.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
type ErrorPage struct {
	// ErrorCode is the status of the error, such as 403. The answer for a missing
	// object is 403 too, unless Missing is 404.
	ErrorCode int `json:"errorCode"`

	// ResponsePagePath is the path of the object, such as /errors/403.html. It is
	// public, because an error page that requires a signature cannot be served to a
	// viewer without one.
	ResponsePagePath string `json:"responsePagePath"`

	// ResponseCode is the status that viewers get.
	//
	// Default: ErrorCode.
	ResponseCode int `json:"responseCode"`

	// CachingMinTTL is how long an edge location keeps the error: a whole number of
	// seconds, at least one.
	//
	// Default: 10 seconds.
	CachingMinTTL time.Duration `json:"cachingMinTtl"`
}

func (e ErrorPage) withDefaults() ErrorPage {
	if e.ResponseCode == 0 {
		e.ResponseCode = e.ErrorCode
	}
	if e.CachingMinTTL == 0 {
		e.CachingMinTTL = 10 * time.Second
	}
	return e
}

// The errors that can have a page, and the statuses with which the page can be
// served: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CustomErrorResponse.html
var (
	errorCodes    = []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
	responseCodes = append([]int{200}, errorCodes...)
)

func checkErrorPages(at node, pages []ErrorPage) {
	for i, page := range pages {
		at := at.index(i)
		listed := func(earlier ErrorPage) bool { return earlier.ErrorCode == page.ErrorCode }
		switch {
		case page.ErrorCode == 0:
			at.field("ErrorCode").missing("missing", "write "+numberChoices(errorCodes))
		case !slices.Contains(errorCodes, page.ErrorCode):
			at.field("ErrorCode").wrong(fmt.Sprint(page.ErrorCode), "write "+numberChoices(errorCodes))
		case slices.ContainsFunc(pages[:i], listed):
			at.field("ErrorCode").wrong(fmt.Sprintf("%d, which has a page already", page.ErrorCode), "write one page for each error")
		}
		// Left out, it is the error's own code, which is checked above.
		if page.ResponseCode != page.ErrorCode && !slices.Contains(responseCodes, page.ResponseCode) {
			at.field("ResponseCode").wrong(fmt.Sprint(page.ResponseCode), "write "+numberChoices(responseCodes))
		}
		checkPagePath(at.field("ResponsePagePath"), page.ResponsePagePath)
		at.field("CachingMinTTL").duration(page.CachingMinTTL, time.Second, "")
	}
}

// checkPagePath checks the path of a page. The path is also the path pattern of the
// public behavior that serves the page.
func checkPagePath(at node, page string) {
	switch {
	case isToken(page):
	case page == "":
		at.missing("missing", "write the path of an object, such as "+examples["responsePagePath"])
	case strings.ContainsAny(page, "*?"):
		at.wrong(quote(page), "write the path of one object, without wildcards")
	case strings.HasSuffix(page, "/"):
		at.wrong(quote(page), "write the path of an object, such as "+examples["responsePagePath"])
	case strings.ContainsFunc(page, func(r rune) bool { return !strings.ContainsRune(patternCharacters, r) }):
		at.wrong(quote(page), "give the object another name, of letters, digits and _-.~/: the path is a pattern too")
	default:
		checkPattern(at, page)
	}
}

func numberChoices(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = fmt.Sprint(n)
	}
	return alternatives(texts)
}
