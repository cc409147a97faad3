package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The errors that can have a page, and the status codes that it can be served
// with: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CustomErrorResponse.html
var (
	errorCodes    = []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
	responseCodes = append([]int{200}, errorCodes...)
)

func checkErrorPages(at place, pages []ErrorPage) {
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
		// Left out, it is the code of the error, which is told of already.
		if page.ResponseCode != page.ErrorCode && !slices.Contains(responseCodes, page.ResponseCode) {
			at.field("ResponseCode").wrong(fmt.Sprint(page.ResponseCode), "write "+numberChoices(responseCodes))
		}
		checkPagePath(at.field("ResponsePagePath"), page.ResponsePagePath)
		at.field("CachingMinTTL").duration(page.CachingMinTTL, time.Second, "")
	}
}

// checkPagePath checks the path of a page. It is a path pattern too, that of
// the public behavior which serves the page.
func checkPagePath(at place, page string) {
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

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
const (
	maxRootObject        = 255
	rootObjectCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + `_-.$/~"'@:+&`
)

func checkDefaultRootObject(at place, object string) {
	switch {
	case object == "" || isToken(object):
	case strings.HasPrefix(object, "/"):
		at.wrong(quote(object), fmt.Sprintf("write %s: CloudFront puts the slash before it", quotePart(strings.TrimLeft(object, "/"), object)))
	case len(object) > maxRootObject:
		at.tooLong(len(object), maxRootObject)
	case strings.ContainsFunc(object, func(r rune) bool { return !strings.ContainsRune(rootObjectCharacters, r) }) || strings.HasSuffix(object, "/") || denormal.MatchString("/"+object):
		at.wrong(quote(object), "write the key of one object, such as "+examples["defaultRootObject"]+", of letters, digits and _-.$/~\"'@:+&")
	}
}
