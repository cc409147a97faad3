package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// found are the problems of one environment, dev, without the path of it.
func found(t *testing.T, settings string, files fstest.MapFS) []string {
	t.Helper()
	_, err := Read(context(t, `{"project": "p", "environments": {"dev": `+settings+`}}`), files)
	return problemsIn(t, err, "environments.dev.")
}

func problemsIn(t *testing.T, err error, prefix string) (texts []string) {
	t.Helper()
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	for _, p := range problems {
		texts = append(texts, strings.TrimPrefix(p.String(), prefix))
	}
	return texts
}

func TestContentThatCannotBeProvisionedIsRefused(t *testing.T) {
	pages := func(n int) string {
		patterns := make([]string, n)
		for i := range patterns {
			patterns[i] = fmt.Sprintf("/%d/*", i)
		}
		text, _ := json.Marshal(patterns)
		return string(text)
	}
	tests := []struct {
		name     string
		settings string
		want     []string
	}{
		{"a word that is none, with the nearest", `{"originAccess": "ocs", "encryption": "KMS", "priceClass": "PriceClass_300", "responseHeaders": {"frameOptions": "deny", "referrerPolicy": "unsafe-url"}}`, []string{
			`originAccess: "ocs"; write "oai", "migrating", "migrated" or "oac"; did you mean "oai"?`,
			`encryption: "KMS"; write "s3", "kms" or "leaving-kms"; did you mean "kms"?`,
			`responseHeaders.frameOptions: "deny"; write "DENY" or "SAMEORIGIN"; did you mean "DENY"?`,
			`responseHeaders.referrerPolicy: "unsafe-url"; write "no-referrer", "same-origin", "origin", "strict-origin", "origin-when-cross-origin" or "strict-origin-when-cross-origin"`,
			`priceClass: "PriceClass_300"; write "PriceClass_All", "PriceClass_200" or "PriceClass_100"; did you mean "PriceClass_200"?`,
		}},
		{"words of another type, and what hangs on them is left alone", `{"originAccess": 1, "encryption": "kms", "priceClass": true, "responseHeaders": {"frameOptions": []}}`, []string{
			`originAccess: the number 1; write "oai", "migrating", "migrated" or "oac"`,
			`responseHeaders.frameOptions: a list; write "DENY" or "SAMEORIGIN"`,
			`priceClass: true; write "PriceClass_All", "PriceClass_200" or "PriceClass_100"`,
		}},
		{"a KMS key that an identity would have to use", `{"encryption": "kms"}`, []string{
			`encryption: "kms" with originAccess "oai"; move originAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts`,
		}},
		{"a KMS key in the middle of a migration", `{"encryption": "kms", "originAccess": "migrating"}`, []string{
			`encryption: "kms" with originAccess "migrating"; move originAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts`,
		}},
		{"a way back from KMS that an identity would have to go", `{"encryption": "leaving-kms", "originAccess": "migrated"}`, []string{
			`encryption: "leaving-kms" with originAccess "migrated"; move originAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts`,
		}},
		{"an existing bucket whose encryption is not ours", `{"bucket": "media", "encryption": "kms", "originAccess": "oac"}`, []string{
			`encryption: "kms" with an existing bucket; leave it out: the owner of an existing bucket decides how it is encrypted`,
		}},
		{"names that no bucket has", `{"bucket": "Media"}`, []string{
			`bucket: "Media"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"the ARN of a bucket", `{"bucket": "arn:aws:s3:::media"}`, []string{
			`bucket: "arn:aws:s3:::media"; write the name of the bucket alone, such as "example-media"`,
		}},
		{"a bucket and a folder of it in one", `{"bucket": "media/2026/summer"}`, []string{
			`bucket: "media/2026/summer"; write {"name": "media", "path": "/2026/summer"}, for that folder of the bucket`,
		}},
		{"the address of a folder", `{"bucket": "s3://media/films/"}`, []string{
			`bucket: "s3://media/films/"; write {"name": "media", "path": "/films"}, for that folder of the bucket`,
		}},
		{"a folder of what is no bucket", `{"bucket": "Media/films"}`, []string{
			`bucket: "Media/films"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"names that S3 keeps for itself", `{"bucket": "xn--media"}`, []string{
			`bucket: "xn--media"; write the name of a general purpose bucket: S3 reserves names with this start or end`,
		}},
		{"a bucket that cannot be read, with versions", `{"bucket": 5, "versions": {"keep": "30d"}}`, []string{
			`bucket: the number 5; write a string, such as "example-media", or, for a folder of it, an object, such as {"name": "example-media", "path": "/folder"}`,
			`versions: versions of an existing bucket; leave it out: the owner of an existing bucket decides how long it keeps them`,
		}},
		{"a folder of as many characters as may be, with a space", `{"bucket": {"name": "media", "path": "/` + strings.Repeat("a", 252) + ` a"}}`, []string{
			`bucket.path: what looks like a key; write a folder such as "/folder", of letters, digits and -._~/, without empty segments, . and ..`,
		}},
		{"the address of a bucket", `{"bucket": "s3://media/"}`, []string{
			`bucket: "s3://media/"; write the name of the bucket alone, such as "example-media"`,
		}},
		{"a bucket named like an address", `{"bucket": "192.168.5.4"}`, []string{
			`bucket: "192.168.5.4"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"a bucket with two dots", `{"bucket": "media..example"}`, []string{
			`bucket: "media..example"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"a bucket's alias", `{"bucket": "media-s3alias"}`, []string{
			`bucket: "media-s3alias"; write the name of a general purpose bucket: S3 reserves names with this start or end`,
		}},
		{"an empty string", `{"bucket": ""}`, []string{
			`bucket: an empty string; leave it out, or write a string, such as "example-media"`,
		}},
		{"a token of the CDK in a file", `{"bucket": "${Token[TOKEN.1]}"}`, []string{
			`bucket: a token of the CDK; write a string, such as "example-media": only the program that made a token can resolve it`,
		}},
		{"a Region without identities", `{"region": "ca-west-1"}`, []string{
			`region: "ca-west-1"; write originAccess "oac", or choose a Region opened before 2023, such as "eu-west-1": an origin access identity cannot read buckets in newer Regions`,
		}},
		{"a Region that has no origin shield, with the nearest", `{"originShield": "eu-west-3"}`, []string{
			`originShield: "eu-west-3", which has no Origin Shield; write "eu-west-2", the nearest Region that has it`,
		}},
		{"a Region of which CloudFront may tell that it has an origin shield", `{"originShield": "me-central-1"}`, nil},
		{"no Region for an origin shield", `{"originShield": "eu-west"}`, []string{
			`originShield: "eu-west"; write a Region that has Origin Shield, the one nearest to the bucket: "us-east-2", "us-east-1", "us-west-2", "ap-south-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-1", "eu-west-2" or "sa-east-1"; did you mean "eu-west-1"?`,
		}},
		{"lists of other things", `{"publicPaths": "/assets/*", "signers": {"roles": []}, "domain": {"names": ["media.example.com", 5, ""], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`signers.roles: an empty list; leave it out, or write a list, such as ["media-app"]`,
			`publicPaths: "/assets/*"; write a list, such as ["/assets/*"]`,
			`domain.names[1]: the number 5; write a string, such as "media.example.com"`,
			`domain.names[2]: an empty string; leave it out, or write a string, such as "media.example.com"`,
		}},
		{"path patterns that are none", `{"publicPaths": ["assets/*", "/a b", "/ä", "?/x"]}`, []string{
			`publicPaths[0]: "assets/*"; write "/assets/*": a pattern starts with / or *`,
			`publicPaths[1]: "/a b"; write * in place of ' ': a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL`,
			`publicPaths[2]: "/\u00e4"; write * in place of 'ä': a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL`,
			`publicPaths[3]: "?/x"; write * in place of '?': a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL`,
		}},
		{"a pattern that is too long", `{"publicPaths": ["/*"], "signedPaths": ["/` + strings.Repeat("x", 255) + `"]}`, []string{
			`signedPaths[0]: 256 characters; write at most 255`,
		}},
		{"patterns that are listed twice", `{"publicPaths": ["/a/*", "/b/*", "/a/*"]}`, []string{
			`publicPaths[2]: "/a/*", listed twice; list it once`,
		}},
		{"a pattern in both lists", `{"publicPaths": ["/a/*"], "signedPaths": ["/a/*"]}`, []string{
			`publicPaths[0]: "/a/*", which signedPaths lists too; list it in one of the two`,
		}},
		{"a public pattern within a signed one", `{"publicPaths": ["/assets/free/*", "/assets/*"], "signedPaths": ["/assets/f*"]}`, []string{
			`publicPaths[0]: "/assets/free/*", which lies within the signed "/assets/f*"; remove it, or make the signed pattern narrower: before that pattern, this one would open a part of it, and after it, this one would never be reached`,
		}},
		{"everything signed, and a public pattern", `{"publicPaths": ["/assets/*"], "signedPaths": ["/*"]}`, []string{
			`publicPaths[0]: "/assets/*", which lies within the signed "/*"; remove it, or make the signed pattern narrower: before that pattern, this one would open a part of it, and after it, this one would never be reached`,
		}},
		{"a default root object that is signed under its own path alone", `{"publicPaths": ["/*"], "signedPaths": ["/index.html"], "defaultRootObject": "index.html"}`, []string{
			`defaultRootObject: "index.html", which lies within the signed "/index.html"; list "/" in signedPaths too, or choose another object: / is public and would serve it unsigned`,
		}},
		{"one that is signed under both", `{"publicPaths": ["/*"], "signedPaths": ["/index.html", "/"], "defaultRootObject": "index.html"}`, nil},
		{"one below paths of which none is /", `{"publicPaths": ["/assets/*"], "signedPaths": ["/assets/a/*"], "defaultRootObject": "assets/a/b.html"}`, nil},
		{"a public pattern whose star could take in a part of an escape", `{"publicPaths": ["/*2024*", "*0a.png", "/*File.txt", "/*.png", "*/favicon.ico", "/-*-x/*"]}`, []string{
			`publicPaths[0]: "/*2024*", with *2; write another character after the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open paths that it does not name`,
			`publicPaths[1]: "*0a.png", with *0; write another character after the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open paths that it does not name`,
			`publicPaths[2]: "/*File.txt", with *F; write another character after the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open paths that it does not name`,
		}},
		{"a signed pattern with what our own signer escapes", `{"publicPaths": ["/assets/*"], "signedPaths": ["/assets/@team/*"]}`, []string{
			`signedPaths[0]: "/assets/@team/*"; write * in place of '@': a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL`,
		}},
		{"an error page with a space", `{"errorPages": [{"errorCode": 403, "responsePagePath": "/my page.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/my page.html"; give the object another name, of letters, digits and _-.~/: the path is a pattern too`,
		}},
		{"a signed pattern that is never reached", `{"signedPaths": ["/assets/*", "/assets/a/*"], "publicPaths": ["/*", "/free/*"]}`, []string{
			`signedPaths[1]: "/assets/a/*", which is never reached; remove it: "/assets/*" comes before it and matches everything that it matches`,
			`publicPaths[1]: "/free/*", which is never reached; remove it: "/*" comes before it and matches everything that it matches`,
		}},
		{"an error page that wants a signature", `{"publicPaths": ["/err*"], "signedPaths": ["/errors/*"], "errorPages": [{"errorCode": 403, "responsePagePath": "/errors/403.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/errors/403.html", which lies within the signed "/errors/*"; move the page elsewhere, or make the signed pattern narrower: an error page that requires a signature cannot be served to a viewer without one`,
		}},
		{"an error page that is a signed path", `{"publicPaths": ["/errors/*"], "signedPaths": ["/errors/403.html"], "errorPages": [{"errorCode": 403, "responsePagePath": "/errors/403.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/errors/403.html", which is a signed path; move the page elsewhere, or make the signed pattern narrower: an error page that requires a signature cannot be served to a viewer without one`,
		}},
		{"a signed pattern with a character that is three where it is escaped", `{"publicPaths": ["/*"], "signedPaths": ["/my?files/*"]}`, []string{
			`signedPaths[0]: "/my?files/*"; write * in place of '?': a pattern holds letters, digits and _-.~/*, and clients may escape any other character in a URL`,
		}},
		{"signed patterns that no public one meets", `{"publicPaths": ["/assets/*", "/e*.html"], "signedPaths": ["/asset/premium/*", "/assets/premium/*", "*2.html"]}`, []string{
			`signedPaths[0]: "/asset/premium/*", which overlaps no pattern of publicPaths; remove it, or spell it like the public path to which it is an exception: every other path requires a signature anyway`,
		}},
		{"a signed pattern that no public one meets, by letter case", `{"publicPaths": ["/free/*", "/assets/*"], "signedPaths": ["/Assets/premium/*"]}`, []string{
			`signedPaths[0]: "/Assets/premium/*", which overlaps no pattern of publicPaths; write it as in "/assets/*": paths are case-sensitive`,
		}},
		{"a signed pattern that meets an error page alone", `{"publicPaths": ["/assets/*"], "signedPaths": ["/e/*.js"], "errorPages": [{"errorCode": 403, "responsePagePath": "/e/403.html"}]}`, []string{
			`signedPaths[0]: "/e/*.js", which overlaps no pattern of publicPaths; remove it, or spell it like the public path to which it is an exception: every other path requires a signature anyway`,
		}},
		{"signed patterns without public ones", `{"signedPaths": ["/premium/*"]}`, []string{
			`signedPaths: signed paths without public paths; remove them, or write the publicPaths to which they are exceptions: without public paths, every path requires a signature`,
		}},
		{"misspelt public paths are not missing too", `{"signedPaths": ["/premium/*"], "publicPath": ["/*"]}`, []string{
			`publicPath: unknown setting; did you mean "publicPaths"?`,
		}},
		{"a public path that is none is not compared", `{"signedPaths": ["/premium/*"], "publicPaths": ["premium"]}`, []string{
			`publicPaths[0]: "premium"; write "/premium": a pattern starts with / or *`,
		}},
		{"paths that no normalized one is", `{"publicPaths": ["/a//b", "/a/./b", "/a/../b", "/a/.", "*/..", "/.a/..b/...", "/a/.*"], "errorPages": [{"errorCode": 403, "responsePagePath": "/e/../403.html"}]}`, []string{
			`publicPaths[0]: "/a//b"; write it without "//": CloudFront removes empty and dot segments from a path before it matches patterns`,
			`publicPaths[1]: "/a/./b"; write it without "/./": CloudFront removes empty and dot segments from a path before it matches patterns`,
			`publicPaths[2]: "/a/../b"; write it without "/../": CloudFront removes empty and dot segments from a path before it matches patterns`,
			`publicPaths[3]: "/a/."; write it without "/.": CloudFront removes empty and dot segments from a path before it matches patterns`,
			`publicPaths[4]: "*/.."; write it without "/..": CloudFront removes empty and dot segments from a path before it matches patterns`,
			`errorPages[0].responsePagePath: "/e/../403.html"; write it without "/../": CloudFront removes empty and dot segments from a path before it matches patterns`,
		}},
		{"more behaviors than a distribution has", `{"publicPaths": ` + pages(75) + `}`, []string{
			`publicPaths: 76 cache behaviors: the default one, 0 of signed and 75 of public paths, 0 of error pages; make fewer and wider patterns: a distribution has at most 75 behaviors`,
		}},
		{"error pages that are none", `{"errorPages": [{}, {"errorCode": 401, "responsePagePath": "403.html"}, {"errorCode": 404, "responsePagePath": "/*.html", "responseCode": 302}, {"errorCode": 404, "responsePagePath": "/e/", "cachingMinTtl": "0s"}, 5]}`, []string{
			`errorPages[3].cachingMinTtl: 0s; write a longer one, such as "7d", "12h" or "90m"`,
			`errorPages[4]: the number 5; write an object, such as {"errorCode": 403, "responsePagePath": "/errors/403.html"}`,
			`errorPages[0].errorCode: missing; write 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
			`errorPages[0].responsePagePath: missing; write the path of an object, such as "/errors/403.html"`,
			`errorPages[1].errorCode: 401; write 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
			`errorPages[1].responsePagePath: "403.html"; write "/403.html": a pattern starts with / or *`,
			`errorPages[2].responseCode: 302; write 200, 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
			`errorPages[2].responsePagePath: "/*.html"; write the path of one object, without wildcards`,
			`errorPages[3].errorCode: 404, which has a page already; write one page for each error`,
			`errorPages[3].responsePagePath: "/e/"; write the path of an object, such as "/errors/403.html"`,
		}},
		{"an error page of which both codes are none", `{"errorPages": [{"errorCode": 401, "responsePagePath": "/401.html", "responseCode": 302}, {"errorCode": 402, "responsePagePath": "/402.html"}]}`, []string{
			`errorPages[0].errorCode: 401; write 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
			`errorPages[0].responseCode: 302; write 200, 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
			`errorPages[1].errorCode: 402; write 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504`,
		}},
		{"an error code that is no number", `{"errorPages": [{"errorCode": "403", "responsePagePath": "/403.html"}]}`, []string{
			`errorPages[0].errorCode: "403"; write a whole number, such as 403`,
		}},
		{"a root object with a slash before it", `{"defaultRootObject": "/index.html"}`, []string{
			`defaultRootObject: "/index.html"; write "index.html": CloudFront adds the slash`,
		}},
		{"a root object that is too long", `{"defaultRootObject": "` + strings.Repeat("x", 256) + `"}`, []string{
			`defaultRootObject: 256 characters; write at most 255`,
		}},
		{"a root object that is a folder", `{"defaultRootObject": "start/"}`, []string{
			`defaultRootObject: "start/"; write the key of one object, such as "index.html", of letters, digits and _-.$/~"'@:+&`,
		}},
		{"a root object with a space", `{"defaultRootObject": "my index.html"}`, []string{
			`defaultRootObject: "my index.html"; write the key of one object, such as "index.html", of letters, digits and _-.$/~"'@:+&`,
		}},
		{"a bucket that is a number", `{"bucket": 5}`, []string{
			`bucket: the number 5; write a string, such as "example-media", or, for a folder of it, an object, such as {"name": "example-media", "path": "/folder"}`,
		}},
		{"a bucket without a name and a folder", `{"bucket": {}}`, []string{
			`bucket.name: missing; write the name of the bucket, such as "example-media"`,
			`bucket.path: missing; write the folder, such as "/folder", or write the name of the bucket as a string instead of the object`,
		}},
		{"a misspelt member of a bucket", `{"bucket": {"name": "media", "paht": "/a"}}`, []string{
			`bucket.paht: unknown setting; did you mean "path"?`,
			`bucket.path: missing; write the folder, such as "/folder", or write the name of the bucket as a string instead of the object`,
		}},
		{"a folder of a bucket that none is called", `{"bucket": {"name": "Media", "path": "/a"}}`, []string{
			`bucket.name: "Media"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"a folder of a bucket that S3 keeps for itself", `{"bucket": {"name": "media-s3alias", "path": "/a"}}`, []string{
			`bucket.name: "media-s3alias"; write the name of a general purpose bucket: S3 reserves names with this start or end`,
		}},
		{"a folder with a slash at its end alone", `{"bucket": {"name": "media", "path": "a/b/"}}`, []string{
			`bucket.path: "a/b/"; write "/a/b": a folder starts with a slash and ends with none`,
		}},
		{"a slash for a folder", `{"bucket": {"name": "media", "path": "/"}}`, []string{
			`bucket.path: "/"; write the name of the bucket as a string instead of the object: the whole bucket is then served`,
		}},
		{"a folder that leads elsewhere", `{"bucket": {"name": "media", "path": "/a/../b"}}`, []string{
			`bucket.path: "/a/../b"; write a folder such as "/folder", of letters, digits and -._~/, without empty segments, . and ..`,
		}},
		{"a folder with a wildcard", `{"bucket": {"name": "media", "path": "/a*"}}`, []string{
			`bucket.path: "/a*"; write a folder such as "/folder", of letters, digits and -._~/, without empty segments, . and ..`,
		}},
		{"a folder that is too long", `{"bucket": {"name": "media", "path": "/` + strings.Repeat("x", 255) + `"}}`, []string{
			`bucket.path: 256 characters; write at most 255`,
		}},
		{"a folder that is nothing", `{"bucket": {"name": "media", "path": null}}`, []string{
			`bucket.path: null; write a string, such as "/folder"`,
		}},
		{"logs in the folder that is served", `{"region": "eu-west-1", "bucket": {"name": "media", "path": "/cloudfront"}, "accessLogs": {"bucket": "media"}}`, []string{
			`accessLogs.bucket: "media", the bucket that is served; write another bucket: the logs would be served with the content`,
		}},
		{"logs next to the folder that is served", `{"region": "eu-west-1", "bucket": {"name": "media", "path": "/films"}, "accessLogs": {"bucket": "media"}}`, nil},
		{"versions without a time", `{"versions": {}}`, []string{
			`versions.keep: missing; write for how long, such as "30d"`,
		}},
		{"versions for ever", `{"versions": {"keep": "forever"}}`, []string{
			`versions.keep: "forever"; write a duration in quotes, such as "30d"`,
		}},
		{"versions that are not kept", `{"versions": {"keep": "0d"}}`, []string{
			`versions.keep: 0s; write a longer one, such as "30d"`,
		}},
		{"versions for longer than a number can say", `{"versions": {"keep": "99999999d"}}`, []string{
			`versions.keep: "99999999d"; write 3650d or less`,
		}},
		{"versions for hours without end", `{"versions": {"keep": "99999999999999999999h"}}`, []string{
			`versions.keep: "99999999999999999999h"; write 3650d or less`,
		}},
		{"versions that are kept for a number", `{"versions": {"keep": 30}}`, []string{
			`versions.keep: the number 30; write a duration in quotes, such as "30d"`,
		}},
		{"versions that are kept for less than a day", `{"versions": {"keep": "12h"}}`, []string{
			`versions.keep: 12h; write 1d or more: S3 counts whole days`,
		}},
		{"versions that are kept for a part of a day", `{"versions": {"keep": "36h"}}`, []string{
			`versions.keep: 1d12h; write 1d or 2d: S3 counts whole days`,
		}},
		{"versions that are kept for more than ten years", `{"versions": {"keep": "3651d"}}`, []string{
			`versions.keep: 3651d; write 3650d or less`,
		}},
		{"versions that are kept for half a day too long", `{"versions": {"keep": "3650d12h"}}`, []string{
			`versions.keep: 3650d12h; write 3650d or less`,
		}},
		{"versions that are kept as long as there is", `{"versions": {"keep": "3650d"}}`, nil},
		{"versions of a bucket that exists", `{"bucket": "media", "versions": {"keep": "30d"}}`, []string{
			`versions: versions of an existing bucket; leave it out: the owner of an existing bucket decides how long it keeps them`,
		}},
		{"a misspelt time of versions", `{"versions": {"kep": "30d"}}`, []string{
			`versions.kep: unknown setting; did you mean "keep"?`,
			`versions.keep: missing; write for how long, such as "30d"`,
		}},
		{"missing objects that are 404 without an object for /", `{"missing": 404}`, []string{
			`missing: 404 without defaultRootObject; write defaultRootObject too, such as "index.html": without one, the answer to / would be a list of the objects in the bucket`,
		}},
		{"another status of missing objects", `{"missing": 200, "defaultRootObject": "index.html"}`, []string{
			`missing: 200; write 403 or 404`,
		}},
		{"a status in quotes", `{"missing": "404", "defaultRootObject": "index.html"}`, []string{
			`missing: "404"; write a whole number, such as 404`,
		}},
		{"a root object that cannot be read", `{"missing": 404, "defaultRootObject": 5}`, []string{
			`defaultRootObject: the number 5; write a string, such as "index.html"`,
		}},
		{"headers that take the place of what downloads say", `{"downloads": {"types": true}, "responseHeaders": {"custom": {"Content-Type": "text/plain", "X-A": "b", "content-disposition": "attachment"}}}`, []string{
			`responseHeaders.custom.Content-Type: a header that would replace the one that signed URLs choose, with downloads; leave it out, and set it on objects when they are uploaded, or leave downloads out`,
			`responseHeaders.custom.content-disposition: a header that would replace the one that signed URLs choose, with downloads; leave it out, and set it on objects when they are uploaded, or leave downloads out`,
		}},
		{"a type for all, with downloads that name files alone", `{"downloads": true, "responseHeaders": {"custom": {"Content-Type": "text/plain"}}}`, nil},
		{"a header of downloads without them", `{"downloads": false, "responseHeaders": {"custom": {"Content-Disposition": "attachment"}}}`, nil},
		{"CORS without an origin", `{"cors": {}}`, []string{
			`cors.origins: missing; write a list such as ["https://app.example.com"]`,
		}},
		{"origins that no browser sends", `{"cors": {"origins": ["https://example.com/", "app.example.com", "https://App.example.com", "https://*.*.example.com", "https://example.com:443", "http://example.com:80", "http://example.com:0", "ftp://example.com", "https://-a.com"]}}`, []string{
			`cors.origins[0]: "https://example.com/"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[1]: "app.example.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[2]: "https://App.example.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[3]: "https://*.*.example.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[4]: "https://example.com:443"; write "https://example.com": browsers leave this port out`,
			`cors.origins[5]: "http://example.com:80"; write "http://example.com": browsers leave this port out`,
			`cors.origins[6]: "http://example.com:0"; write a port from 1 to 65535`,
			`cors.origins[7]: "ftp://example.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[8]: "https://-a.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
		}},
		{"all origins with one", `{"cors": {"origins": ["*", "https://example.com"]}}`, []string{
			`cors.origins[0]: "*" together with other origins; remove the others, or this one`,
		}},
		{"all origins with credentials", `{"cors": {"origins": ["*"], "credentials": true}}`, []string{
			`cors.origins[0]: "*" with credentials; list the origins: if every origin may read, browsers send no cookies`,
		}},
		{"headers that are none", `{"cors": {"origins": ["https://a.example"], "allowHeaders": ["Range:", "X-A", "x-a"], "exposeHeaders": ["*"], "credentials": true, "maxAge": "1.5s"}}`, []string{
			`cors.allowHeaders[0]: "Range:"; write the name of a header, such as "Range"`,
			`cors.allowHeaders[2]: "x-a", listed twice; list it once: header names ignore letter case`,
			`cors.exposeHeaders[0]: "*" with credentials; list the headers: with credentials, browsers read * as the name of a header`,
			`cors.maxAge: 1.5s; write a whole number of seconds`,
		}},
		{"a policy of two lines", `{"responseHeaders": {"contentSecurityPolicy": "default-src 'self';\nimg-src *"}}`, []string{
			`responseHeaders.contentSecurityPolicy: a character that a header cannot hold; write printable ASCII on one line`,
		}},
		{"a policy that is too long", `{"responseHeaders": {"contentSecurityPolicy": "` + strings.Repeat("x", 1784) + `"}}`, []string{
			`responseHeaders.contentSecurityPolicy: 1784 characters; write at most 1783`,
		}},
		{"a transport security of no whole second, and a preload", `{"responseHeaders": {"strictTransportSecurity": "1500ms", "preload": true}}`, []string{
			`responseHeaders.preload: unknown setting; the settings here are contentSecurityPolicy, frameOptions, referrerPolicy, strictTransportSecurity, includeSubdomains, custom`,
			`responseHeaders.strictTransportSecurity: 1.5s; write a whole number of seconds`,
		}},
		{"a domain without anything", `{"domain": {}}`, []string{
			`domain: neither certificate nor hostedZone; write the ARN of a certificate in us-east-1, or the hostedZone that validates one`,
		}},
		{"a domain without a certificate", `{"domain": {"names": ["media.example.com"]}}`, []string{
			`domain: neither certificate nor hostedZone; write the ARN of a certificate in us-east-1, or the hostedZone that validates one`,
		}},
		{"a misspelt certificate is not missing too", `{"domain": {"names": ["media.example.com"], "certifcate": "arn"}}`, []string{
			`domain.certifcate: unknown setting; did you mean "certificate"?`,
		}},
		{"names that are no domain names", `{"domain": {"names": ["*.example.com", "Media.example.com", "localhost", "1.2.3.4", "a.*.example.com", "d111111abcdef8.cloudfront.net", "b.example.com", "b.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names[0]: "*.example.com" as the first name; write one without * first: signed URLs start with it`,
			`domain.names[1]: "Media.example.com"; write a domain name in lower case, such as "example.com", optionally after *.`,
			`domain.names[2]: "localhost"; write a domain name in lower case, such as "example.com", optionally after *.`,
			`domain.names[3]: "1.2.3.4"; write a domain name in lower case, such as "example.com", optionally after *.`,
			`domain.names[4]: "a.*.example.com"; write a domain name in lower case, such as "example.com", optionally after *.`,
			`domain.names[5]: "d111111abcdef8.cloudfront.net"; write a name of your own: CloudFront's own name needs no setting`,
			`domain.names[7]: "b.example.com", listed twice; list it once`,
		}},
		{"a certificate of another Region", `{"domain": {"names": ["media.example.com"], "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/a"}}`, []string{
			`domain.certificate: a certificate in eu-west-1; write one in us-east-1: CloudFront accepts certificates of that Region only`,
		}},
		{"more names than a distribution takes", `{"domain": {"names": ` + strings.ReplaceAll(strings.ReplaceAll(pages(101), "/*", ".example.com"), "/", "n") + `, "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names: 101 names; list 100 at most, the quota of a distribution`,
		}},
		{"a certificate that is none", `{"domain": {"names": ["media.example.com"], "certificate": "arn:aws:iam::123456789012:server-certificate/a"}}`, []string{
			`domain.certificate: "arn:aws:iam::123456789012:server-certificate/a"; write the ARN of a certificate of AWS Certificate Manager, such as "arn:aws:acm:us-east-1:123456789012:certificate/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"a certificate and a web ACL of another account", `{"account": "210987654321", "domain": {"names": ["media.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}, "webAcl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"}`, []string{
			`webAcl: a web ACL of account 123456789012; write one of account 210987654321: CloudFront accepts no other`,
			`domain.certificate: a certificate of account 123456789012; write one of account 210987654321: CloudFront accepts no other`,
		}},
		{"a hosted zone as other tools write it", `{"region": "eu-west-1", "domain": {"names": ["media.example.com"], "hostedZone": {"id": "/hostedzone/Z0123456789ABCDEFGHIJ", "name": "example.com."}}}`, []string{
			`domain.hostedZone.id: "/hostedzone/Z0123456789ABCDEFGHIJ"; write "Z0123456789ABCDEFGHIJ" alone`,
			`domain.hostedZone.name: "example.com."; write "example.com", without the dot at the end`,
		}},
		{"a hosted zone that is none", `{"region": "eu-west-1", "domain": {"names": ["media.example.com"], "hostedZone": {"id": "z-1", "name": "Example"}}}`, []string{
			`domain.hostedZone.id: "z-1"; write the id of the zone, such as "Z0123456789ABCDEFGHIJ"`,
			`domain.hostedZone.name: "Example"; write the domain name of the zone in lower case, such as "example.com"`,
		}},
		{"a hosted zone of nothing", `{"region": "eu-west-1", "domain": {"names": ["media.example.com"], "hostedZone": {}}}`, []string{
			`domain.hostedZone.id: missing; write the id of the zone, such as "Z0123456789ABCDEFGHIJ"`,
			`domain.hostedZone.name: missing; write the domain name of the zone, such as "example.com"`,
		}},
		{"a name that is too long for the certificate to be made", `{"region": "eu-west-1", "domain": {"names": ["` + strings.Repeat("m", 53) + `.example.com", "` + strings.Repeat("n", 53) + `.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, []string{
			`domain.names[0]: "` + strings.Repeat("m", 53) + `.example.com", of 65 characters; put one of at most 64 characters first, because it becomes the common name of the new certificate, or write a certificate`,
		}},
		{"a name outside its zone", `{"region": "eu-west-1", "domain": {"names": ["media.example.org", "notexample.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, []string{
			`domain.names[0]: "media.example.org"; write a name in the hosted zone "example.com": the records are made in that zone`,
			`domain.names[1]: "notexample.com"; write a name in the hosted zone "example.com": the records are made in that zone`,
		}},
		{"a certificate to be made for a Region that is not known", `{"domain": {"names": ["media.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, []string{
			`region: missing, with a certificate that the stack makes; write the AWS Region of the stack, such as "eu-west-1": a part of it is made in us-east-1, and the CDK links two stacks only if it knows their Regions`,
		}},
		{"logs of a Region that is not known", `{"accessLogs": {}}`, []string{
			`region: missing, with accessLogs; write the AWS Region of the stack, such as "eu-west-1": a part of it is made in us-east-1, and the CDK links two stacks only if it knows their Regions`,
		}},
		{"a retention that CloudWatch Logs has no step for", `{"region": "eu-west-1", "accessLogs": {"retention": "31d"}}`, []string{
			`accessLogs.retention: 31d; write one of the steps of CloudWatch Logs: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d`,
		}},
		{"a retention of hours", `{"region": "eu-west-1", "accessLogs": {"retention": "36h"}}`, []string{
			`accessLogs.retention: 1d12h; write one of the steps of CloudWatch Logs: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d`,
		}},
		{"a retention in another's bucket", `{"region": "eu-west-1", "accessLogs": {"retention": "30d", "bucket": "logs"}}`, []string{
			`accessLogs.retention: a retention with an existing bucket; leave it out: the owner of the bucket decides how long it keeps the records`,
		}},
		{"logs in the bucket that is served", `{"region": "eu-west-1", "bucket": "media", "accessLogs": {"bucket": "media"}}`, []string{
			`accessLogs.bucket: "media", the bucket that is served; write another bucket: the logs would be served with the content`,
		}},
		{"countries to allow and to deny", `{"geoRestriction": {"allow": ["DE"], "deny": ["FR"]}}`, []string{
			`geoRestriction: allow and deny; write one of the two: every viewer who is not allowed is denied`,
		}},
		{"no country", `{"geoRestriction": {}}`, []string{
			`geoRestriction: neither allow nor deny; write one of the two`,
		}},
		{"countries that are none", `{"geoRestriction": {"allow": ["de", "UK", "XX", "DEU", "FR", "FR"]}}`, []string{
			`geoRestriction.allow[0]: "de"; write the two capital letters of a country of ISO 3166-1, such as "DE"; did you mean "DE"?`,
			`geoRestriction.allow[1]: "UK"; write the two capital letters of a country of ISO 3166-1, such as "DE"; did you mean "GB"?`,
			`geoRestriction.allow[2]: "XX"; write the two capital letters of a country of ISO 3166-1, such as "DE"`,
			`geoRestriction.allow[3]: "DEU"; write the two capital letters of a country of ISO 3166-1, such as "DE"`,
			`geoRestriction.allow[5]: "FR", listed twice; list it once`,
		}},
		{"a regional web ACL", `{"webAcl": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/media/a1b2"}`, []string{
			`webAcl: a regional web ACL in eu-west-1; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333": CloudFront accepts no other, and they exist in us-east-1`,
		}},
		{"a web ACL of old", `{"webAcl": "a1b2c3d4-5678-90ab-cdef-111122223333"}`, []string{
			`webAcl: "a1b2c3d4-5678-90ab-cdef-111122223333", a web ACL of AWS WAF Classic; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"a web ACL that is none", `{"webAcl": "media"}`, []string{
			`webAcl: "media"; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"too many patterns, of which it is not told how they meet", `{"publicPaths": ["/*", ` + strings.TrimPrefix(pages(75), "[") + `}`, []string{
			`publicPaths: 77 cache behaviors: the default one, 0 of signed and 76 of public paths, 0 of error pages; make fewer and wider patterns: a distribution has at most 75 behaviors`,
		}},
		{"roles that are no names", `{"signers": {"roles": ["service/media-app", "arn:aws:iam::123456789012:role/service/media-app", "media app", "app", "app"]}}`, []string{
			`signers.roles[0]: "service/media-app", a path; write the name alone, "media-app"`,
			`signers.roles[1]: "arn:aws:iam::123456789012:role/service/media-app", an ARN; write the name alone, "media-app", or put the ARN of another account's role into roleArns`,
			`signers.roles[2]: "media app"; write the name of a role, such as "media-app": at most 64 letters, digits and _+=,.@-`,
			`signers.roles[4]: "app", listed twice; list it once`,
		}},
		{"roles that IAM attaches nothing to", `{"signers": {"roles": ["AWSServiceRoleForSupport", "AWSReservedSSO_Admin_0a1b2c3d4e5f6a7b", "AWSServices"]}}`, []string{
			`signers.roles[0]: a name that starts with AWSServiceRoleFor; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
			`signers.roles[1]: a name that starts with AWSReservedSSO_; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
		}},
		{"ARNs of another partition than that of the Regions", `{"webAcl": "arn:aws-cn:wafv2:us-east-1:123456789012:global/webacl/media/a1b2", "signers": {"roleArns": ["arn:aws-us-gov:iam::210987654321:role/media-app"]}, "domain": {"names": ["media.example.com"], "certificate": "arn:aws-cn:acm:us-east-1:123456789012:certificate/a1b2"}}`, []string{
			`signers.roleArns[0]: "arn:aws-us-gov:iam::210987654321:role/media-app"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app"`,
			`domain.certificate: "arn:aws-cn:acm:us-east-1:123456789012:certificate/a1b2"; write the ARN of a certificate of AWS Certificate Manager, such as "arn:aws:acm:us-east-1:123456789012:certificate/a1b2c3d4-5678-90ab-cdef-111122223333"`,
			`webAcl: "arn:aws-cn:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"ARNs that are none of roles", `{"signers": {"roleArns": ["media-app", "arn:aws:sts::123456789012:assumed-role/media-app/me", "arn:aws:iam::123456789012:user/me", "arn:aws:iam::123456789012:role/"]}}`, []string{
			`signers.roleArns[0]: "media-app", a name; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app", or put the name of a role of this account into roles`,
			`signers.roleArns[1]: "arn:aws:sts::123456789012:assumed-role/media-app/me", a session of a role; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": that of the role itself`,
			`signers.roleArns[2]: "arn:aws:iam::123456789012:user/me"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app"`,
			`signers.roleArns[3]: "arn:aws:iam::123456789012:role/"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app"`,
		}},
		{"ARNs that stand for more than a role", `{"signers": {"roleArns": ["arn:aws:iam::210987654321:role/media/*", "arn:aws:iam::210987654321:role/$", "arn:aws:iam::210987654321:role/a?b", "arn:aws:iam::210987654321:role/{a}/b", "arn:aws:iam::210987654321:role/\"/b"]}}`, []string{
			`signers.roleArns[0]: "arn:aws:iam::210987654321:role/media/*", with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": IAM accepts no wildcards and no variables in a principal`,
			`signers.roleArns[1]: "arn:aws:iam::210987654321:role/$", with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": IAM accepts no wildcards and no variables in a principal`,
			`signers.roleArns[2]: a value of 34 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": IAM accepts no wildcards and no variables in a principal`,
			`signers.roleArns[3]: a value of 36 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": IAM accepts no wildcards and no variables in a principal`,
			`signers.roleArns[4]: a value of 34 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": IAM accepts no wildcards and no variables in a principal`,
		}},
		{"roles of the own account among those of others", `{"account": "123456789012", "signers": {"roleArns": ["arn:aws:iam::123456789012:role/service/media-app", "arn:aws:iam::210987654321:role/app"]}}`, []string{
			`signers.roleArns[0]: "arn:aws:iam::123456789012:role/service/media-app", a role of this account; put its name, "media-app", into roles instead`,
		}},
		{"tags that AWS keeps or refuses", `{"tags": {"aws:team": "x", "signedfront:ephemeral": "true", "Team": "a", "team": "b", "": "c", "a!": "d", "e": "f!", "g": 5}}`, []string{
			`tags.g: the number 5; write a string`,
			`tags[""]: the name ""; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["a!"]: the name "a!"; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["aws:team"]: a name that starts with aws:; choose another one: AWS reserves these`,
			`tags.e: "f!"; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags["signedfront:ephemeral"]: a name that starts with signedfront:; choose another one: signedfront reserves these`,
			`tags.team: a name that differs from "Team" in letter case alone; write one of the two: IAM treats them as the same name`,
		}},
		{"a tag of which both name and value are none", `{"tags": {"a!": "b!", "` + strings.Repeat("k", 129) + `": "` + strings.Repeat("v", 257) + `"}}`, []string{
			`tags["a!"]: the name "a!"; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["a!"]: "b!"; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags[a value of 129 bytes that looks like base64, as the body of a key is]: 129 characters; write at most 128`,
			`tags[a value of 129 bytes that looks like base64, as the body of a key is]: 257 characters; write at most 256`,
		}},
		{"tags that only some of AWS takes", `{"tags": {"team": "", "owner": "AWS:media", "cost": "a\u0000b", "spaces": " a b "}}`, []string{
			`tags.team: an empty string; leave it out, or write a string`,
			`tags.cost: a value of 3 bytes; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags.owner: a value that starts with aws:; choose another one: AWS reserves these`,
		}},
		{"headers of which S3 takes no such pattern", `{"cors": {"origins": ["*"], "allowHeaders": ["x-*-*", "**", "*"], "exposeHeaders": ["*x*"]}}`, []string{
			`cors.allowHeaders[0]: "x-*-*", with several *; list the headers, or write one *, which stands for all of them: S3 accepts one * in a header name`,
			`cors.allowHeaders[1]: "**", with several *; list the headers, or write one *, which stands for all of them: S3 accepts one * in a header name`,
			`cors.exposeHeaders[0]: "*x*", with several *; list the headers, or write one *, which stands for all of them: S3 accepts one * in a header name`,
		}},
		{"an origin that is longer than a name can be", `{"cors": {"origins": ["https://` + strings.Repeat("abcdefgh.", 28) + `com"]}}`, []string{
			`cors.origins[0]: a value of 263 bytes that looks like a URL; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
		}},
		{"a wildcard that is as long as a name can be", `{"domain": {"names": ["media.example.com", "*.` + strings.Repeat("abcdefgh.", 27) + `example"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, nil},
		{"a wildcard that is too long by its star alone", `{"domain": {"names": ["media.example.com", "*.` + strings.Repeat("abcdefgh.", 27) + `exampleab"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names[1]: "*.` + strings.Repeat("abcdefgh.", 27) + `exampleab"; write a domain name in lower case, such as "example.com", optionally after *.`,
		}},
		{"a policy of nothing", `{"responseHeaders": {"contentSecurityPolicy": "  "}}`, []string{
			`responseHeaders.contentSecurityPolicy: only spaces; leave it out, or write a policy such as "default-src 'self'"`,
		}},
		{"headers that have a setting of their own, or none", `{"responseHeaders": {"custom": {"Content-security-policy": "default-src 'self'", "Referrer-Policy": "origin", "X-Frame-Options": "DENY", "strict-transport-security": "max-age=1", "Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "5", "X-Content-Type-Options": "nosniff", "X-XSS-Protection": "0", "Set-Cookie": "a=b"}}}`, []string{
			`responseHeaders.custom.Access-Control-Allow-Origin: a header with a setting of its own; set it with cors: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.Access-Control-Max-Age: a header with a setting of its own; set it with cors: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.Content-security-policy: a header with a setting of its own; set it with contentSecurityPolicy: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.Referrer-Policy: a header with a setting of its own; set it with referrerPolicy: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.Set-Cookie: one cookie that all viewers would share; leave it out, and set cookies in your own program`,
			`responseHeaders.custom.X-Content-Type-Options: a header that is always sent; leave it out: its value is nosniff`,
			`responseHeaders.custom.X-Frame-Options: a header with a setting of its own; set it with frameOptions: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.X-XSS-Protection: a header that browsers no longer read; leave it out: CloudFront refuses it as a custom header`,
			`responseHeaders.custom.strict-transport-security: a header with a setting of its own; set it with strictTransportSecurity: CloudFront refuses it as a custom header`,
		}},
		{"headers that are CloudFront's own", `{"responseHeaders": {"custom": {"VIA": "1.1 me", "X-Amz-Cf-Id": "a", "x-edge-location": "b", "X-Cache": "c", "X-Cached": "no", "Viable": "yes"}}}`, []string{
			`responseHeaders.custom.VIA: a header that CloudFront reserves; leave it out, or choose another name`,
			`responseHeaders.custom.X-Amz-Cf-Id: a header that CloudFront reserves; leave it out, or choose another name`,
			`responseHeaders.custom.X-Cache: a header that CloudFront reserves; leave it out, or choose another name`,
			`responseHeaders.custom.x-edge-location: a header that CloudFront reserves; leave it out, or choose another name`,
		}},
		{"headers that are none", `{"responseHeaders": {"custom": {"": "a", "X Robots": "b", "X-Robots-Tag": "noindex", "x-robots-tag": "none", "X-Empty": "", "X-Spaces": "  ", "X-Around": " a", "X-Lines": "a\nb", "X-Number": 5}}}`, []string{
			`responseHeaders.custom.X-Empty: an empty string; leave it out, or write a string`,
			`responseHeaders.custom.X-Number: the number 5; write a string`,
			`responseHeaders.custom[""]: the name ""; write the name of a header, such as "X-Robots-Tag"`,
			`responseHeaders.custom["X Robots"]: the name "X Robots"; write the name of a header, such as "X-Robots-Tag"`,
			`responseHeaders.custom.X-Around: a value with spaces around it; remove them: they are not part of a header's value`,
			`responseHeaders.custom.X-Lines: a character that a header cannot hold; write printable ASCII on one line`,
			`responseHeaders.custom.X-Spaces: only spaces; write a value, or leave the header out`,
			`responseHeaders.custom.x-robots-tag: a name that differs from "X-Robots-Tag" in letter case alone; write one of the two: they are one header`,
		}},
		{"a header that is no list of names", `{"responseHeaders": {"custom": ["X-Robots-Tag: noindex"]}}`, []string{
			`responseHeaders.custom: a list; write an object, such as {"X-Robots-Tag": "noindex"}`,
		}},
		{"a private key for all viewers", `{"responseHeaders": {"contentSecurityPolicy": "-----BEGIN PRIVATE KEY-----", "custom": {"X-Key": "-----BEGIN PRIVATE KEY-----"}}}`, []string{
			`responseHeaders.contentSecurityPolicy: a private key; remove it, make a new key pair if others could read it, and write what every viewer may read`,
			`responseHeaders.custom.X-Key: a private key; remove it, make a new key pair if others could read it, and write what every viewer may read`,
		}},
		{"the former name of a setting", `{"securityHeaders": {"frameOptions": "DENY"}}`, []string{
			`securityHeaders: unknown setting; write "responseHeaders", its new name`,
		}},
		{"one role in two spellings", `{"signers": {"roles": ["media-app", "Media-App", "media-app"]}}`, []string{
			`signers.roles[1]: "Media-App", which is "media-app"; list it once: role names ignore letter case`,
			`signers.roles[2]: "media-app", listed twice; list it once`,
		}},
		{"tags as a list", `{"tags": ["media"]}`, []string{
			`tags: a list; write an object, such as {"team": "media"}`,
		}},
		{"an account with letters", `{"account": "12345678901a"}`, []string{
			`account: "12345678901a"; write the 12 digits of an AWS account, in quotes: "123456789012"`,
		}},
		{"lending from a protected environment", `{"lendKeys": true}`, []string{
			`lendKeys: true, in a protected environment; leave it out, or write terminationProtection false: a role that may sign for a borrower may sign for this environment too`,
		}},
		{"borrowing into a protected environment, of itself", `{"signingKeys": {"from": "dev"}}`, []string{
			`signingKeys.from: "dev", this environment itself; write "lendKeys": true in an environment, and name it here`,
			`signingKeys.from: "dev", in a protected environment; leave it out, or write terminationProtection false: a role that may sign for the lender may sign for this environment too`,
		}},
		{"lending borrowed keys, with keys of its own", `{"ephemeral": true, "lendKeys": true, "signingKeys": {"from": "dev", "keys": {"1": {}}, "current": 1}}`, []string{
			`signingKeys.from: "dev", this environment itself; write "lendKeys": true in an environment, and name it here`,
			`signingKeys.keys: keys of its own, with borrowed keys; leave them out: the lender's keys are used`,
			`signingKeys.current: a current key, with borrowed keys; leave it out: the lender's current key signs`,
			`lendKeys: true, with borrowed keys; leave it out: only the deployment that makes keys can lend them`,
		}},
		{"compromised keys, of which one signs", `{"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2, "compromised": [1, 2, 1, 0, 10000, "3"]}}`, []string{
			`signingKeys.compromised[3]: the number 0; write a whole number, such as 1`,
			`signingKeys.compromised[5]: "3"; write a whole number, such as 1`,
			`signingKeys.compromised[1]: key 2, which is current; make another key current that is already deployed, and remove this one in the next deployment`,
			`signingKeys.compromised[2]: key 1, listed twice; list it once`,
			`signingKeys.compromised[4]: not the number of a key; write one from 1 to 9999`,
		}},
		{"a compromised key, where which one signs cannot be read", `{"signingKeys": {"keys": {"x": {}}, "compromised": [1]}}`, []string{
			`signingKeys.keys.x: not the number of a key; write one from 1 to 9999, without leading zeros`,
		}},
		{"a compromised key that is not in a list", `{"signingKeys": {"keys": {"2": {}}, "compromised": 1}}`, []string{
			`signingKeys.compromised: the number 1; write a list, such as [1]`,
		}},
		{"compromised keys of nobody", `{"ephemeral": true, "signingKeys": {"from": "dev", "compromised": [1]}}`, []string{
			`signingKeys.from: "dev", this environment itself; write "lendKeys": true in an environment, and name it here`,
			`signingKeys.compromised: compromised keys, with borrowed keys; leave it out, and write it in the lender`,
		}},
		{"a compromised key, and nothing that waits", `{"guard": false, "signingKeys": {"keys": {"2": {}}, "compromised": [1]}}`, []string{
			`signingKeys.compromised: a list, with guard false; leave it out: without the guard, no deployment waits`,
		}},
		{"ids of keys that are none", `{"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F", "k2jcjmdehxqw5f", "APKAJ6KCI2B6BKBQMD4A", "E1A2B3C4D5E6F7", "K2JCJMDEHXQW5F", "-----BEGIN PUBLIC KEY-----", 7]}}`, []string{
			`signingKeys.alsoTrust[6]: the number 7; write a string, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust[1]: "k2jcjmdehxqw5f"; write it in capital letters, as CloudFront does`,
			`signingKeys.alsoTrust[2]: "APKAJ6KCI2B6BKBQMD4A", a key pair of an AWS account, which no key group holds; upload its public key to CloudFront and write the id that it gets there, such as "K2JCJMDEHXQW5F", and use that id in new URLs`,
			`signingKeys.alsoTrust[3]: "E1A2B3C4D5E6F7"; write the id of a public key in CloudFront, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust[4]: "K2JCJMDEHXQW5F", listed twice; list it once`,
			`signingKeys.alsoTrust[5]: a value of 26 bytes that looks like a PEM public key; write the id of a public key in CloudFront, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust: 7 ids, with 1 of keys; list 5 at most of both together, the quota of a CloudFront key group`,
		}},
		{"more keys than a key group holds, with those of others", `{"signingKeys": {"keys": {"1": {}, "2": {}, "3": {}}, "current": 1, "alsoTrust": ["K2JCJMDEHXQW5F", "K36X4X2EO997HM", "KVTP0A1DKRTAX"]}}`, []string{
			`signingKeys.alsoTrust: 3 ids, with 3 of keys; list 5 at most of both together, the quota of a CloudFront key group`,
		}},
		{"keys to trust with borrowed ones", `{"ephemeral": true, "signingKeys": {"from": "dev", "alsoTrust": ["K2JCJMDEHXQW5F"]}}`, []string{
			`signingKeys.from: "dev", this environment itself; write "lendKeys": true in an environment, and name it here`,
			`signingKeys.alsoTrust: keys to trust, with borrowed keys; leave it out, and write it in the lender: the distribution trusts the lender's key group`,
		}},
		{"a list of keys under a misspelt name", `{"signingKeys": {"keys": {"1": {}}, "alsotrust": ["K2JCJMDEHXQW5F"]}}`, []string{
			`signingKeys.alsotrust: unknown setting; did you mean "alsoTrust"?`,
		}},
		{"a current key that is not listed, with keys of others", `{"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F"], "current": 2}}`, []string{
			`signingKeys.current: key 2, which is not listed; write the number of the key that signs: 1`,
		}},
		{"downloads in words", `{"downloads": "true"}`, []string{
			`downloads: "true"; write true, or {"types": true}`,
		}},
		{"downloads of nothing", `{"downloads": null}`, []string{
			`downloads: null; write true, or {"types": true}`,
		}},
		{"a list of downloads", `{"downloads": ["types"]}`, []string{
			`downloads: a list; write true, or {"types": true}`,
		}},
		{"types of downloads in words, and one misspelt", `{"downloads": {"types": "text/html", "tpyes": true}}`, []string{
			`downloads.tpyes: unknown setting; did you mean "types"?`,
			`downloads.types: "text/html"; write true or false, without quotes`,
		}},
		{"misspelt downloads", `{"download": true}`, []string{
			`download: unknown setting; did you mean "downloads"?`,
		}},
		{"uploads of nobody", `{"uploads": {}}`, []string{
			`uploads: neither origins nor roles; write the origins whose pages upload, such as ["https://app.example.com"], the roles that may, such as ["media-app"], or both`,
		}},
		{"uploads that are allowed in one word", `{"uploads": true}`, []string{
			`uploads: true; write an object, such as {"origins": ["https://app.example.com"], "roles": ["media-editor"]}`,
		}},
		{"an unknown setting of uploads, and nothing else", `{"uploads": {"role": ["media-editor"]}}`, []string{
			`uploads.role: unknown setting; did you mean "roles"?`,
		}},
		{"origins and roles that upload and are none", `{"uploads": {"origins": ["app.example.com", "https://app.example.com/", "https://app.example.com:443", "*"], "roles": ["arn:aws:iam::210987654321:role/media-app", "service/media-app", "AWSReservedSSO_Admin_1", "Media", "media"]}}`, []string{
			`uploads.origins[0]: "app.example.com"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`uploads.origins[1]: "https://app.example.com/"; write the scheme and the host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`uploads.origins[2]: "https://app.example.com:443"; write "https://app.example.com": browsers leave this port out`,
			`uploads.origins[3]: "*" together with other origins; remove the others, or this one`,
			`uploads.roles[0]: "arn:aws:iam::210987654321:role/media-app", an ARN; write the name alone, "media-app", or leave it out, and allow it in that account's policies and in the bucket's policy`,
			`uploads.roles[1]: "service/media-app", a path; write the name alone, "media-app"`,
			`uploads.roles[2]: a name that starts with AWSReservedSSO_; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
			`uploads.roles[4]: "media", which is "Media"; list it once: role names ignore letter case`,
		}},
		{"one origin that uploads with all origins", `{"uploads": {"origins": ["https://app.example.com", "*"]}}`, []string{
			`uploads.origins[1]: "*" together with other origins; remove the others, or this one`,
		}},
		{"a role that uploads and that IAM keeps for itself", `{"uploads": {"roles": ["AWSReservedSSO_Admin_1"]}}`, []string{
			`uploads.roles[0]: a name that starts with AWSReservedSSO_; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
		}},
		{"a pattern of the default behavior", `{"publicPaths": ["*"]}`, []string{
			`publicPaths[0]: "*"; write "/*": CloudFront reserves * for the default behavior`,
		}},
		{"a guard in quotes", `{"guard": "off"}`, []string{
			`guard: "off"; write true or false, without quotes`,
		}},
		{"a guard that is nothing", `{"guard": null}`, []string{
			`guard: null; write true or false, without quotes`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := found(t, test.settings, nil); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// A Go program names the folder next to the bucket.
func TestAFolderOfAProgramIsNamedAsTheProgramHasIt(t *testing.T) {
	for _, test := range []struct{ bucket, folder, want string }{
		{"media", "/films", ""},
		{"media", "films", `Props.BucketPath: "films"; write "/films"`},
		{"media", "/", `Props.BucketPath: "/"; leave it out`},
		{"media/films", "", `Props.Bucket: "media/films"; write the name of a bucket`},
	} {
		c := Content{Bucket: test.bucket, BucketPath: test.folder}.WithDefaults()
		wantProblem(t, problemsOf(c.checkOrigin), test.want)
	}
}

// What may be a key is not told in two parts either.
func TestAFolderThatMayBeAKeyIsDescribed(t *testing.T) {
	const secret = "0Vq1mBfK8s7TzYxR3LpQwE5nUhJd2GcAoI6tMvX9"
	got := problemsOf(func(at node) {
		at.json = true
		checkBucketName(at, "media/"+secret)
	})
	if text := strings.Join(got, " "); len(got) != 1 || strings.Contains(text, secret) || strings.Contains(text, "path") {
		t.Errorf("it says %s", text)
	}
}
