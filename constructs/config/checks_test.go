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
			`encryption: "kms" with a bucket of one's own; leave it out: how a bucket that exists is encrypted is its owner's`,
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
			`bucket: "xn--media"; write the name of a general purpose bucket: S3 keeps names that start or end so for itself`,
		}},
		{"a bucket that cannot be read, with versions", `{"bucket": 5, "versions": {"keep": "30d"}}`, []string{
			`bucket: the number 5; write a text in quotes, such as "example-media", or, for a folder of it, an object, such as {"name": "example-media", "path": "/folder"}`,
			`versions: versions of a bucket of one's own; leave it out: how long a bucket that exists keeps them is its owner's`,
		}},
		{"a folder of as many characters as may be, with a space", `{"bucket": {"name": "media", "path": "/` + strings.Repeat("a", 252) + ` a"}}`, []string{
			`bucket.path: what looks like a key; write a folder such as "/folder", of letters, digits and -._~/, without empty parts and dots alone`,
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
			`bucket: "media-s3alias"; write the name of a general purpose bucket: S3 keeps names that start or end so for itself`,
		}},
		{"an empty text", `{"bucket": ""}`, []string{
			`bucket: an empty text; leave it out, or write a text in quotes, such as "example-media"`,
		}},
		{"a token of the CDK in a file", `{"bucket": "${Token[TOKEN.1]}"}`, []string{
			`bucket: a token of the CDK; write a text in quotes, such as "example-media": a token means something only in the program that made it`,
		}},
		{"a Region without identities", `{"region": "ca-west-1"}`, []string{
			`region: "ca-west-1"; write originAccess "oac", or choose a Region opened before 2023, such as "eu-west-1": an origin access identity works in no other`,
		}},
		{"a Region that has no origin shield, with the nearest", `{"originShield": "eu-west-3"}`, []string{
			`originShield: "eu-west-3", which has no Origin Shield; write "eu-west-2", the nearest that has`,
		}},
		{"a Region of which CloudFront may tell that it has an origin shield", `{"originShield": "me-central-1"}`, nil},
		{"no Region for an origin shield", `{"originShield": "eu-west"}`, []string{
			`originShield: "eu-west"; write a Region that has Origin Shield, the one nearest to the bucket: "us-east-2", "us-east-1", "us-west-2", "ap-south-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-1", "eu-west-2" or "sa-east-1"; did you mean "eu-west-1"?`,
		}},
		{"lists of other things", `{"publicPaths": "/assets/*", "signers": {"roles": []}, "domain": {"names": ["media.example.com", 5, ""], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`signers.roles: an empty list; leave it out, or write a list, such as ["media-app"]`,
			`publicPaths: "/assets/*"; write a list, such as ["/assets/*"]`,
			`domain.names[1]: the number 5; write a text in quotes, such as "media.example.com"`,
			`domain.names[2]: an empty text; leave it out, or write a text in quotes, such as "media.example.com"`,
		}},
		{"path patterns that are none", `{"publicPaths": ["assets/*", "/a b", "/ä", "?/x"]}`, []string{
			`publicPaths[0]: "assets/*"; write "/assets/*": a pattern starts with / or *`,
			`publicPaths[1]: "/a b"; write * in place of ' ': a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more`,
			`publicPaths[2]: "/\u00e4"; write * in place of 'ä': a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more`,
			`publicPaths[3]: "?/x"; write * in place of '?': a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more`,
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
			`publicPaths[0]: "/assets/free/*", which lies within the signed "/assets/f*"; take it away, or make the signed one narrower: before it, this would leave a part of it open, and behind it, it would never be reached`,
		}},
		{"everything signed, and a public pattern", `{"publicPaths": ["/assets/*"], "signedPaths": ["/*"]}`, []string{
			`publicPaths[0]: "/assets/*", which lies within the signed "/*"; take it away, or make the signed one narrower: before it, this would leave a part of it open, and behind it, it would never be reached`,
		}},
		{"a default root object that is signed under its own path alone", `{"publicPaths": ["/*"], "signedPaths": ["/index.html"], "defaultRootObject": "index.html"}`, []string{
			`defaultRootObject: "index.html", which lies within the signed "/index.html"; list "/" in signedPaths too, or choose another object: / is public, and would open it`,
		}},
		{"one that is signed under both", `{"publicPaths": ["/*"], "signedPaths": ["/index.html", "/"], "defaultRootObject": "index.html"}`, nil},
		{"one below paths of which none is /", `{"publicPaths": ["/assets/*"], "signedPaths": ["/assets/a/*"], "defaultRootObject": "assets/a/b.html"}`, nil},
		{"a public pattern whose star could take in a part of an escape", `{"publicPaths": ["/*2024*", "*0a.png", "/*File.txt", "/*.png", "*/favicon.ico", "/-*-x/*"]}`, []string{
			`publicPaths[0]: "/*2024*", with *2; write another character behind the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open what it does not name`,
			`publicPaths[1]: "*0a.png", with *0; write another character behind the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open what it does not name`,
			`publicPaths[2]: "/*File.txt", with *F; write another character behind the *, such as / or -: a digit or a letter from A to F may end an escape such as %20, and the pattern would open what it does not name`,
		}},
		{"a signed pattern with what our own signer escapes", `{"publicPaths": ["/assets/*"], "signedPaths": ["/assets/@team/*"]}`, []string{
			`signedPaths[0]: "/assets/@team/*"; write * in place of '@': a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more`,
		}},
		{"an error page with a space", `{"errorPages": [{"errorCode": 403, "responsePagePath": "/my page.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/my page.html"; give the object another name, of letters, digits and _-.~/: the path is a pattern too`,
		}},
		{"a signed pattern that is never reached", `{"signedPaths": ["/assets/*", "/assets/a/*"], "publicPaths": ["/*", "/free/*"]}`, []string{
			`signedPaths[1]: "/assets/a/*", which is never reached; take it away: "/assets/*" comes before it and matches all that it does`,
			`publicPaths[1]: "/free/*", which is never reached; take it away: "/*" comes before it and matches all that it does`,
		}},
		{"an error page that wants a signature", `{"publicPaths": ["/err*"], "signedPaths": ["/errors/*"], "errorPages": [{"errorCode": 403, "responsePagePath": "/errors/403.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/errors/403.html", which lies within the signed "/errors/*"; move the page elsewhere, or make the signed one narrower: a page that wants a signature cannot be served to whoever has none`,
		}},
		{"an error page that is a signed path", `{"publicPaths": ["/errors/*"], "signedPaths": ["/errors/403.html"], "errorPages": [{"errorCode": 403, "responsePagePath": "/errors/403.html"}]}`, []string{
			`errorPages[0].responsePagePath: "/errors/403.html", which is a signed path; move the page elsewhere, or make the signed one narrower: a page that wants a signature cannot be served to whoever has none`,
		}},
		{"a signed pattern with a character that is three where it is escaped", `{"publicPaths": ["/*"], "signedPaths": ["/my?files/*"]}`, []string{
			`signedPaths[0]: "/my?files/*"; write * in place of '?': a pattern holds letters, digits and _-.~/*, and another character may be escaped in a URL, as three or more`,
		}},
		{"signed patterns that no public one meets", `{"publicPaths": ["/assets/*", "/e*.html"], "signedPaths": ["/asset/premium/*", "/assets/premium/*", "*2.html"]}`, []string{
			`signedPaths[0]: "/asset/premium/*", with which no public path has anything to do; take it away, or write it as the public path from which it takes something: all else wants a signature anyway`,
		}},
		{"a signed pattern that no public one meets, by letter case", `{"publicPaths": ["/free/*", "/assets/*"], "signedPaths": ["/Assets/premium/*"]}`, []string{
			`signedPaths[0]: "/Assets/premium/*", with which no public path has anything to do; write it as in "/assets/*": letter case counts`,
		}},
		{"a signed pattern that meets an error page alone", `{"publicPaths": ["/assets/*"], "signedPaths": ["/e/*.js"], "errorPages": [{"errorCode": 403, "responsePagePath": "/e/403.html"}]}`, []string{
			`signedPaths[0]: "/e/*.js", with which no public path has anything to do; take it away, or write it as the public path from which it takes something: all else wants a signature anyway`,
		}},
		{"signed patterns without public ones", `{"signedPaths": ["/premium/*"]}`, []string{
			`signedPaths: signed paths without public ones; take them away, or write the publicPaths of which they are exceptions: without any, every path wants a signature`,
		}},
		{"misspelt public paths are not missing too", `{"signedPaths": ["/premium/*"], "publicPath": ["/*"]}`, []string{
			`publicPath: unknown setting; did you mean "publicPaths"?`,
		}},
		{"a public path that is none is not compared", `{"signedPaths": ["/premium/*"], "publicPaths": ["premium"]}`, []string{
			`publicPaths[0]: "premium"; write "/premium": a pattern starts with / or *`,
		}},
		{"paths that no normalized one is", `{"publicPaths": ["/a//b", "/a/./b", "/a/../b", "/a/.", "*/..", "/.a/..b/...", "/a/.*"], "errorPages": [{"errorCode": 403, "responsePagePath": "/e/../403.html"}]}`, []string{
			`publicPaths[0]: "/a//b"; write it without "//": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
			`publicPaths[1]: "/a/./b"; write it without "/./": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
			`publicPaths[2]: "/a/../b"; write it without "/../": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
			`publicPaths[3]: "/a/."; write it without "/.": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
			`publicPaths[4]: "*/.."; write it without "/..": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
			`errorPages[0].responsePagePath: "/e/../403.html"; write it without "/../": CloudFront takes empty and dot segments out of a path before it looks for a pattern`,
		}},
		{"more behaviors than a distribution has", `{"publicPaths": ` + pages(75) + `}`, []string{
			`publicPaths: 76 cache behaviors: the default one, 0 of signed and 75 of public paths, 0 of error pages; make fewer and wider patterns: a distribution has 75 behaviors`,
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
			`defaultRootObject: "/index.html"; write "index.html": CloudFront puts the slash before it`,
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
			`bucket: the number 5; write a text in quotes, such as "example-media", or, for a folder of it, an object, such as {"name": "example-media", "path": "/folder"}`,
		}},
		{"a bucket without a name and a folder", `{"bucket": {}}`, []string{
			`bucket.name: missing; write the name of the bucket, such as "example-media"`,
			`bucket.path: missing; write the folder, such as "/folder", or write the name of the bucket as a text instead of the object`,
		}},
		{"a misspelt member of a bucket", `{"bucket": {"name": "media", "paht": "/a"}}`, []string{
			`bucket.paht: unknown setting; did you mean "path"?`,
			`bucket.path: missing; write the folder, such as "/folder", or write the name of the bucket as a text instead of the object`,
		}},
		{"a folder of a bucket that none is called", `{"bucket": {"name": "Media", "path": "/a"}}`, []string{
			`bucket.name: "Media"; write the name of a bucket, such as "example-media": 3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends, and no IP address`,
		}},
		{"a folder of a bucket that S3 keeps for itself", `{"bucket": {"name": "media-s3alias", "path": "/a"}}`, []string{
			`bucket.name: "media-s3alias"; write the name of a general purpose bucket: S3 keeps names that start or end so for itself`,
		}},
		{"a folder with a slash at its end alone", `{"bucket": {"name": "media", "path": "a/b/"}}`, []string{
			`bucket.path: "a/b/"; write "/a/b": a folder starts with a slash and ends with none`,
		}},
		{"a slash for a folder", `{"bucket": {"name": "media", "path": "/"}}`, []string{
			`bucket.path: "/"; write the name of the bucket as a text instead of the object: the whole bucket is then served`,
		}},
		{"a folder that leads elsewhere", `{"bucket": {"name": "media", "path": "/a/../b"}}`, []string{
			`bucket.path: "/a/../b"; write a folder such as "/folder", of letters, digits and -._~/, without empty parts and dots alone`,
		}},
		{"a folder with a wildcard", `{"bucket": {"name": "media", "path": "/a*"}}`, []string{
			`bucket.path: "/a*"; write a folder such as "/folder", of letters, digits and -._~/, without empty parts and dots alone`,
		}},
		{"a folder that is too long", `{"bucket": {"name": "media", "path": "/` + strings.Repeat("x", 255) + `"}}`, []string{
			`bucket.path: 256 characters; write at most 255`,
		}},
		{"a folder that is nothing", `{"bucket": {"name": "media", "path": null}}`, []string{
			`bucket.path: null; write a text in quotes, such as "/folder"`,
		}},
		{"logs in the folder that is served", `{"region": "eu-west-1", "bucket": {"name": "media", "path": "/cloudfront"}, "accessLogs": {"bucket": "media"}}`, []string{
			`accessLogs.bucket: "media", the bucket with the content; write another one: the logs would be served`,
		}},
		{"logs beside the folder that is served", `{"region": "eu-west-1", "bucket": {"name": "media", "path": "/films"}, "accessLogs": {"bucket": "media"}}`, nil},
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
			`versions: versions of a bucket of one's own; leave it out: how long a bucket that exists keeps them is its owner's`,
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
			`defaultRootObject: the number 5; write a text in quotes, such as "index.html"`,
		}},
		{"headers that take the place of what downloads say", `{"downloads": {"types": true}, "responseHeaders": {"custom": {"Content-Type": "text/plain", "X-A": "b", "content-disposition": "attachment"}}}`, []string{
			`responseHeaders.custom.Content-Type: a header that takes the place of what signed URLs say, by downloads; leave it out, and set it on objects when they are uploaded, or leave downloads out`,
			`responseHeaders.custom.content-disposition: a header that takes the place of what signed URLs say, by downloads; leave it out, and set it on objects when they are uploaded, or leave downloads out`,
		}},
		{"a type for all, with downloads that name files alone", `{"downloads": true, "responseHeaders": {"custom": {"Content-Type": "text/plain"}}}`, nil},
		{"a header of downloads without them", `{"downloads": false, "responseHeaders": {"custom": {"Content-Disposition": "attachment"}}}`, nil},
		{"CORS without an origin", `{"cors": {}}`, []string{
			`cors.origins: missing; write a list such as ["https://app.example.com"]`,
		}},
		{"origins that no browser sends", `{"cors": {"origins": ["https://example.com/", "app.example.com", "https://App.example.com", "https://*.*.example.com", "https://example.com:443", "http://example.com:80", "http://example.com:0", "ftp://example.com", "https://-a.com"]}}`, []string{
			`cors.origins[0]: "https://example.com/"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[1]: "app.example.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[2]: "https://App.example.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[3]: "https://*.*.example.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[4]: "https://example.com:443"; write "https://example.com": browsers leave this port out`,
			`cors.origins[5]: "http://example.com:80"; write "http://example.com": browsers leave this port out`,
			`cors.origins[6]: "http://example.com:0"; write a port from 1 to 65535`,
			`cors.origins[7]: "ftp://example.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`cors.origins[8]: "https://-a.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
		}},
		{"all origins beside one", `{"cors": {"origins": ["*", "https://example.com"]}}`, []string{
			`cors.origins[0]: "*" beside other origins; leave the others out, or this one`,
		}},
		{"all origins with credentials", `{"cors": {"origins": ["*"], "credentials": true}}`, []string{
			`cors.origins[0]: "*" with credentials; list the origins: to any origin at all, browsers send no cookies`,
		}},
		{"headers that are none", `{"cors": {"origins": ["https://a.example"], "allowHeaders": ["Range:", "X-A", "x-a"], "exposeHeaders": ["*"], "credentials": true, "maxAge": "1.5s"}}`, []string{
			`cors.allowHeaders[0]: "Range:"; write the name of a header, such as "Range"`,
			`cors.allowHeaders[2]: "x-a", listed twice; list it once: letter case does not count`,
			`cors.exposeHeaders[0]: "*" with credentials; list the headers: with credentials, browsers take it for a header of that name`,
			`cors.maxAge: 1.5s; write a whole number of seconds`,
		}},
		{"a policy of two lines", `{"responseHeaders": {"contentSecurityPolicy": "default-src 'self';\nimg-src *"}}`, []string{
			`responseHeaders.contentSecurityPolicy: a character that no header can hold; write printable ASCII on one line`,
		}},
		{"a policy that is too long", `{"responseHeaders": {"contentSecurityPolicy": "` + strings.Repeat("x", 1784) + `"}}`, []string{
			`responseHeaders.contentSecurityPolicy: 1784 characters; write at most 1783`,
		}},
		{"a transport security of no whole second, and a preload", `{"responseHeaders": {"strictTransportSecurity": "1500ms", "preload": true}}`, []string{
			`responseHeaders.preload: unknown setting; the settings here are contentSecurityPolicy, frameOptions, referrerPolicy, strictTransportSecurity, includeSubdomains, custom`,
			`responseHeaders.strictTransportSecurity: 1.5s; write a whole number of seconds`,
		}},
		{"a domain without anything", `{"domain": {}}`, []string{
			`domain: neither certificate nor hostedZone; write the ARN of a certificate in us-east-1, or the hostedZone in which one is validated`,
		}},
		{"a domain without a certificate", `{"domain": {"names": ["media.example.com"]}}`, []string{
			`domain: neither certificate nor hostedZone; write the ARN of a certificate in us-east-1, or the hostedZone in which one is validated`,
		}},
		{"a misspelt certificate is not missing too", `{"domain": {"names": ["media.example.com"], "certifcate": "arn"}}`, []string{
			`domain.certifcate: unknown setting; did you mean "certificate"?`,
		}},
		{"names that are no domain names", `{"domain": {"names": ["*.example.com", "Media.example.com", "localhost", "1.2.3.4", "a.*.example.com", "d111111abcdef8.cloudfront.net", "b.example.com", "b.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names[0]: "*.example.com" as the first name; write one without * first: signed URLs start with it`,
			`domain.names[1]: "Media.example.com"; write a domain name in lower case, such as "example.com", with *. before it at most`,
			`domain.names[2]: "localhost"; write a domain name in lower case, such as "example.com", with *. before it at most`,
			`domain.names[3]: "1.2.3.4"; write a domain name in lower case, such as "example.com", with *. before it at most`,
			`domain.names[4]: "a.*.example.com"; write a domain name in lower case, such as "example.com", with *. before it at most`,
			`domain.names[5]: "d111111abcdef8.cloudfront.net"; write a name of your own: those of CloudFront need no mention`,
			`domain.names[7]: "b.example.com", listed twice; list it once`,
		}},
		{"a certificate of another Region", `{"domain": {"names": ["media.example.com"], "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/a"}}`, []string{
			`domain.certificate: a certificate in eu-west-1; write one in us-east-1: CloudFront takes them from there alone`,
		}},
		{"more names than a distribution takes", `{"domain": {"names": ` + strings.ReplaceAll(strings.ReplaceAll(pages(101), "/*", ".example.com"), "/", "n") + `, "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names: 101 names; list 100 at most, which is what a distribution takes`,
		}},
		{"a certificate that is none", `{"domain": {"names": ["media.example.com"], "certificate": "arn:aws:iam::123456789012:server-certificate/a"}}`, []string{
			`domain.certificate: "arn:aws:iam::123456789012:server-certificate/a"; write the ARN of a certificate of AWS Certificate Manager, such as "arn:aws:acm:us-east-1:123456789012:certificate/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"a certificate and a web ACL of another account", `{"account": "210987654321", "domain": {"names": ["media.example.com"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}, "webAcl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2"}`, []string{
			`webAcl: a web ACL of account 123456789012; write one of account 210987654321: CloudFront takes no other`,
			`domain.certificate: a certificate of account 123456789012; write one of account 210987654321: CloudFront takes no other`,
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
			`domain.names[0]: "` + strings.Repeat("m", 53) + `.example.com", of 65 characters; put one of at most 64 first, which is the common name of the certificate to be made, or write a certificate`,
		}},
		{"a name outside its zone", `{"region": "eu-west-1", "domain": {"names": ["media.example.org", "notexample.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, []string{
			`domain.names[0]: "media.example.org"; write a name in the hosted zone "example.com": it gets the records`,
			`domain.names[1]: "notexample.com"; write a name in the hosted zone "example.com": it gets the records`,
		}},
		{"a certificate to be made for a Region that is not known", `{"domain": {"names": ["media.example.com"], "hostedZone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"}}}`, []string{
			`region: missing, with a certificate to be made; write the AWS Region of the stack, such as "eu-west-1": a part of it is made in us-east-1, and the CDK links stacks only where it knows their Regions`,
		}},
		{"logs of a Region that is not known", `{"accessLogs": {}}`, []string{
			`region: missing, with accessLogs; write the AWS Region of the stack, such as "eu-west-1": a part of it is made in us-east-1, and the CDK links stacks only where it knows their Regions`,
		}},
		{"a retention that CloudWatch Logs has no step for", `{"region": "eu-west-1", "accessLogs": {"retention": "31d"}}`, []string{
			`accessLogs.retention: 31d; write one of the steps of CloudWatch Logs: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d`,
		}},
		{"a retention of hours", `{"region": "eu-west-1", "accessLogs": {"retention": "36h"}}`, []string{
			`accessLogs.retention: 1d12h; write one of the steps of CloudWatch Logs: 1d, 3d, 5d, 7d, 14d, 30d, 60d, 90d, 120d, 150d, 180d, 365d, 400d, 545d, 731d, 1096d, 1827d, 2192d, 2557d, 2922d, 3288d, 3653d`,
		}},
		{"a retention in another's bucket", `{"region": "eu-west-1", "accessLogs": {"retention": "30d", "bucket": "logs"}}`, []string{
			`accessLogs.retention: a retention with a bucket of one's own; leave it out: how long the bucket keeps them is its owner's`,
		}},
		{"logs in the bucket that is served", `{"region": "eu-west-1", "bucket": "media", "accessLogs": {"bucket": "media"}}`, []string{
			`accessLogs.bucket: "media", the bucket with the content; write another one: the logs would be served`,
		}},
		{"countries to allow and to deny", `{"geoRestriction": {"allow": ["DE"], "deny": ["FR"]}}`, []string{
			`geoRestriction: allow and deny; write one of the two: viewers who are not allowed are denied`,
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
			`webAcl: a regional web ACL in eu-west-1; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333": CloudFront takes no other, and they are made in us-east-1`,
		}},
		{"a web ACL of old", `{"webAcl": "a1b2c3d4-5678-90ab-cdef-111122223333"}`, []string{
			`webAcl: "a1b2c3d4-5678-90ab-cdef-111122223333", a web ACL of AWS WAF Classic; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"a web ACL that is none", `{"webAcl": "media"}`, []string{
			`webAcl: "media"; write the ARN of a web ACL of scope CLOUDFRONT, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/media/a1b2c3d4-5678-90ab-cdef-111122223333"`,
		}},
		{"too many patterns, of which it is not told how they meet", `{"publicPaths": ["/*", ` + strings.TrimPrefix(pages(75), "[") + `}`, []string{
			`publicPaths: 77 cache behaviors: the default one, 0 of signed and 76 of public paths, 0 of error pages; make fewer and wider patterns: a distribution has 75 behaviors`,
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
			`signers.roleArns[0]: "arn:aws:iam::210987654321:role/media/*", with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": without wildcards and variables, of which IAM takes none in a principal`,
			`signers.roleArns[1]: "arn:aws:iam::210987654321:role/$", with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": without wildcards and variables, of which IAM takes none in a principal`,
			`signers.roleArns[2]: a value of 34 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": without wildcards and variables, of which IAM takes none in a principal`,
			`signers.roleArns[3]: a value of 36 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": without wildcards and variables, of which IAM takes none in a principal`,
			`signers.roleArns[4]: a value of 34 bytes, with one of *?${}"; write the ARN of a role in another account, such as "arn:aws:iam::210987654321:role/media-app": without wildcards and variables, of which IAM takes none in a principal`,
		}},
		{"roles of the own account among those of others", `{"account": "123456789012", "signers": {"roleArns": ["arn:aws:iam::123456789012:role/service/media-app", "arn:aws:iam::210987654321:role/app"]}}`, []string{
			`signers.roleArns[0]: "arn:aws:iam::123456789012:role/service/media-app", a role of this account; put its name, "media-app", into roles instead`,
		}},
		{"tags that AWS keeps or refuses", `{"tags": {"aws:team": "x", "signedfront:ephemeral": "true", "Team": "a", "team": "b", "": "c", "a!": "d", "e": "f!", "g": 5}}`, []string{
			`tags.g: the number 5; write a text in quotes`,
			`tags[""]: the name ""; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["a!"]: the name "a!"; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["aws:team"]: a name that starts with aws:; choose another one: AWS keeps these for itself`,
			`tags.e: "f!"; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags["signedfront:ephemeral"]: a name that starts with signedfront:; choose another one: such a tag says whether a bucket may be emptied`,
			`tags.team: a name that differs from "Team" in letter case alone; write one of the two: IAM takes them for one`,
		}},
		{"a tag of which both name and value are none", `{"tags": {"a!": "b!", "` + strings.Repeat("k", 129) + `": "` + strings.Repeat("v", 257) + `"}}`, []string{
			`tags["a!"]: the name "a!"; write 1 to 128 letters, digits, spaces and _.:/=+-@`,
			`tags["a!"]: "b!"; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags[a value of 129 bytes that looks like base64, as the body of a key is]: 129 characters; write at most 128`,
			`tags[a value of 129 bytes that looks like base64, as the body of a key is]: 257 characters; write at most 256`,
		}},
		{"tags that only some of AWS takes", `{"tags": {"team": "", "owner": "AWS:media", "cost": "a\u0000b", "spaces": " a b "}}`, []string{
			`tags.team: an empty text; leave it out, or write a text in quotes`,
			`tags.cost: a value of 3 bytes; write 1 to 256 letters, digits, spaces and _.:/=+-@`,
			`tags.owner: a value that starts with aws:; choose another one: AWS keeps these for itself`,
		}},
		{"headers of which S3 takes no such pattern", `{"cors": {"origins": ["*"], "allowHeaders": ["x-*-*", "**", "*"], "exposeHeaders": ["*x*"]}}`, []string{
			`cors.allowHeaders[0]: "x-*-*", with several *; list the headers, or write one *, which stands for all of them: S3 takes one in a header`,
			`cors.allowHeaders[1]: "**", with several *; list the headers, or write one *, which stands for all of them: S3 takes one in a header`,
			`cors.exposeHeaders[0]: "*x*", with several *; list the headers, or write one *, which stands for all of them: S3 takes one in a header`,
		}},
		{"an origin that is longer than a name can be", `{"cors": {"origins": ["https://` + strings.Repeat("abcdefgh.", 28) + `com"]}}`, []string{
			`cors.origins[0]: a value of 263 bytes that looks like a URL; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
		}},
		{"a wildcard that is as long as a name can be", `{"domain": {"names": ["media.example.com", "*.` + strings.Repeat("abcdefgh.", 27) + `example"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, nil},
		{"a wildcard that is too long by its star alone", `{"domain": {"names": ["media.example.com", "*.` + strings.Repeat("abcdefgh.", 27) + `exampleab"], "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a"}}`, []string{
			`domain.names[1]: "*.` + strings.Repeat("abcdefgh.", 27) + `exampleab"; write a domain name in lower case, such as "example.com", with *. before it at most`,
		}},
		{"a policy of nothing", `{"responseHeaders": {"contentSecurityPolicy": "  "}}`, []string{
			`responseHeaders.contentSecurityPolicy: nothing but spaces; leave it out, or write a policy such as "default-src 'self'"`,
		}},
		{"headers that have a setting of their own, or none", `{"responseHeaders": {"custom": {"Content-security-policy": "default-src 'self'", "Referrer-Policy": "origin", "X-Frame-Options": "DENY", "strict-transport-security": "max-age=1", "Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "5", "X-Content-Type-Options": "nosniff", "X-XSS-Protection": "0", "Set-Cookie": "a=b"}}}`, []string{
			`responseHeaders.custom.Access-Control-Allow-Origin: a header with a setting of its own; set it by cors: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.Access-Control-Max-Age: a header with a setting of its own; set it by cors: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.Content-security-policy: a header with a setting of its own; set it by contentSecurityPolicy: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.Referrer-Policy: a header with a setting of its own; set it by referrerPolicy: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.Set-Cookie: one cookie for all viewers; leave it out, and set cookies in the program that signs`,
			`responseHeaders.custom.X-Content-Type-Options: a header that is always sent; leave it out: its value is nosniff`,
			`responseHeaders.custom.X-Frame-Options: a header with a setting of its own; set it by frameOptions: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.X-XSS-Protection: a header that browsers no longer read; leave it out: CloudFront refuses it among custom headers`,
			`responseHeaders.custom.strict-transport-security: a header with a setting of its own; set it by strictTransportSecurity: CloudFront refuses it among custom headers`,
		}},
		{"headers that are CloudFront's own", `{"responseHeaders": {"custom": {"VIA": "1.1 me", "X-Amz-Cf-Id": "a", "x-edge-location": "b", "X-Cache": "c", "X-Cached": "no", "Viable": "yes"}}}`, []string{
			`responseHeaders.custom.VIA: a header that CloudFront keeps for itself; leave it out, or choose another name`,
			`responseHeaders.custom.X-Amz-Cf-Id: a header that CloudFront keeps for itself; leave it out, or choose another name`,
			`responseHeaders.custom.X-Cache: a header that CloudFront keeps for itself; leave it out, or choose another name`,
			`responseHeaders.custom.x-edge-location: a header that CloudFront keeps for itself; leave it out, or choose another name`,
		}},
		{"headers that are none", `{"responseHeaders": {"custom": {"": "a", "X Robots": "b", "X-Robots-Tag": "noindex", "x-robots-tag": "none", "X-Empty": "", "X-Spaces": "  ", "X-Around": " a", "X-Lines": "a\nb", "X-Number": 5}}}`, []string{
			`responseHeaders.custom.X-Empty: an empty text; leave it out, or write a text in quotes`,
			`responseHeaders.custom.X-Number: the number 5; write a text in quotes`,
			`responseHeaders.custom[""]: the name ""; write the name of a header, such as "X-Robots-Tag"`,
			`responseHeaders.custom["X Robots"]: the name "X Robots"; write the name of a header, such as "X-Robots-Tag"`,
			`responseHeaders.custom.X-Around: a value with spaces around it; take them away: they are no part of a header's value`,
			`responseHeaders.custom.X-Lines: a character that no header can hold; write printable ASCII on one line`,
			`responseHeaders.custom.X-Spaces: nothing but spaces; write a value, or leave the header out`,
			`responseHeaders.custom.x-robots-tag: a name that differs from "X-Robots-Tag" in letter case alone; write one of the two: they are one header`,
		}},
		{"a header that is no list of names", `{"responseHeaders": {"custom": ["X-Robots-Tag: noindex"]}}`, []string{
			`responseHeaders.custom: a list; write an object, such as {"X-Robots-Tag": "noindex"}`,
		}},
		{"a private key for all viewers", `{"responseHeaders": {"contentSecurityPolicy": "-----BEGIN PRIVATE KEY-----", "custom": {"X-Key": "-----BEGIN PRIVATE KEY-----"}}}`, []string{
			`responseHeaders.contentSecurityPolicy: a private key; take it out of here, make a new key pair if others could read it, and write what every viewer may read`,
			`responseHeaders.custom.X-Key: a private key; take it out of here, make a new key pair if others could read it, and write what every viewer may read`,
		}},
		{"the former name of a setting", `{"securityHeaders": {"frameOptions": "DENY"}}`, []string{
			`securityHeaders: unknown setting; write "responseHeaders", which is its name now`,
		}},
		{"one role in two spellings", `{"signers": {"roles": ["media-app", "Media-App", "media-app"]}}`, []string{
			`signers.roles[1]: "Media-App", which is "media-app"; list it once: letter case does not count in the names of roles`,
			`signers.roles[2]: "media-app", listed twice; list it once`,
		}},
		{"tags as a list", `{"tags": ["media"]}`, []string{
			`tags: a list; write an object, such as {"team": "media"}`,
		}},
		{"an account with letters", `{"account": "12345678901a"}`, []string{
			`account: "12345678901a"; write the 12 digits of an AWS account, in quotes: "123456789012"`,
		}},
		{"lending from a protected environment", `{"lendKeys": true}`, []string{
			`lendKeys: true, in a protected environment; leave it out, or write terminationProtection false: whoever may sign for a borrower may sign for this one`,
		}},
		{"borrowing into a protected environment, of itself", `{"signingKeys": {"from": "dev"}}`, []string{
			`signingKeys.from: "dev", this environment itself; make an environment that says "lendKeys": true, and name it here`,
			`signingKeys.from: "dev", in a protected environment; leave it out, or write terminationProtection false: whoever may sign for the lender may sign for this one`,
		}},
		{"lending what is borrowed, beside keys", `{"ephemeral": true, "lendKeys": true, "signingKeys": {"from": "dev", "keys": {"1": {}}, "current": 1}}`, []string{
			`signingKeys.from: "dev", this environment itself; make an environment that says "lendKeys": true, and name it here`,
			`signingKeys.keys: keys of one's own beside borrowed ones; leave them out: the lender's are used`,
			`signingKeys.current: a key of one's own beside borrowed ones; leave it out: the lender's current key signs`,
			`lendKeys: true, with borrowed keys; leave it out: keys are lent by whoever makes them`,
		}},
		{"compromised keys, of which one signs", `{"signingKeys": {"keys": {"1": {}, "2": {}}, "current": 2, "compromised": [1, 2, 1, 0, 10000, "3"]}}`, []string{
			`signingKeys.compromised[3]: the number 0; write a whole number, such as 1`,
			`signingKeys.compromised[5]: "3"; write a whole number, such as 1`,
			`signingKeys.compromised[1]: key 2, which is current; make another key current, which a deployment before has added, and remove this one in the deployment after`,
			`signingKeys.compromised[2]: key 1, listed twice; list it once`,
			`signingKeys.compromised[4]: the number of a key; write one from 1 to 9999`,
		}},
		{"a compromised key, where which one signs cannot be read", `{"signingKeys": {"keys": {"x": {}}, "compromised": [1]}}`, []string{
			`signingKeys.keys.x: the number of a key; write one from 1 to 9999, without zeros before it`,
		}},
		{"a compromised key that is not in a list", `{"signingKeys": {"keys": {"2": {}}, "compromised": 1}}`, []string{
			`signingKeys.compromised: the number 1; write a list, such as [1]`,
		}},
		{"compromised keys of nobody", `{"ephemeral": true, "signingKeys": {"from": "dev", "compromised": [1]}}`, []string{
			`signingKeys.from: "dev", this environment itself; make an environment that says "lendKeys": true, and name it here`,
			`signingKeys.compromised: keys of one's own beside borrowed ones; leave it out, and write it where the keys are lent`,
		}},
		{"a compromised key, and nothing that waits", `{"guard": false, "signingKeys": {"keys": {"2": {}}, "compromised": [1]}}`, []string{
			`signingKeys.compromised: a list, with guard false; leave it out: without the guard nothing waits`,
		}},
		{"ids of keys that are none", `{"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F", "k2jcjmdehxqw5f", "APKAJ6KCI2B6BKBQMD4A", "E1A2B3C4D5E6F7", "K2JCJMDEHXQW5F", "-----BEGIN PUBLIC KEY-----", 7]}}`, []string{
			`signingKeys.alsoTrust[6]: the number 7; write a text in quotes, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust[1]: "k2jcjmdehxqw5f"; write it in capital letters, as CloudFront does`,
			`signingKeys.alsoTrust[2]: "APKAJ6KCI2B6BKBQMD4A", a key pair of an AWS account, which no key group holds; upload its public key to CloudFront and write the id that it gets there, such as "K2JCJMDEHXQW5F", which is to stand in new URLs`,
			`signingKeys.alsoTrust[3]: "E1A2B3C4D5E6F7"; write the id of a public key in CloudFront, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust[4]: "K2JCJMDEHXQW5F", listed twice; list it once`,
			`signingKeys.alsoTrust[5]: a value of 26 bytes that looks like a PEM public key; write the id of a public key in CloudFront, such as "K2JCJMDEHXQW5F"`,
			`signingKeys.alsoTrust: 7 ids, with 1 of keys; list 5 at most of both together, which is what a CloudFront key group holds`,
		}},
		{"more keys than a key group holds, with those of others", `{"signingKeys": {"keys": {"1": {}, "2": {}, "3": {}}, "current": 1, "alsoTrust": ["K2JCJMDEHXQW5F", "K36X4X2EO997HM", "KVTP0A1DKRTAX"]}}`, []string{
			`signingKeys.alsoTrust: 3 ids, with 3 of keys; list 5 at most of both together, which is what a CloudFront key group holds`,
		}},
		{"keys to trust beside borrowed ones", `{"ephemeral": true, "signingKeys": {"from": "dev", "alsoTrust": ["K2JCJMDEHXQW5F"]}}`, []string{
			`signingKeys.from: "dev", this environment itself; make an environment that says "lendKeys": true, and name it here`,
			`signingKeys.alsoTrust: keys to trust in addition to borrowed ones; leave it out, and write it where the keys are lent: the distribution trusts the lender's key group`,
		}},
		{"a list of keys under a misspelt name", `{"signingKeys": {"keys": {"1": {}}, "alsotrust": ["K2JCJMDEHXQW5F"]}}`, []string{
			`signingKeys.alsotrust: unknown setting; did you mean "alsoTrust"?`,
		}},
		{"a current key that is not listed, beside keys of others", `{"signingKeys": {"alsoTrust": ["K2JCJMDEHXQW5F"], "current": 2}}`, []string{
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
			`uploads.origins[0]: "app.example.com"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`uploads.origins[1]: "https://app.example.com/"; write scheme and host as browsers send them, such as "https://app.example.com", "https://*.example.com" or "http://localhost:3000": in lower case, without a path`,
			`uploads.origins[2]: "https://app.example.com:443"; write "https://app.example.com": browsers leave this port out`,
			`uploads.origins[3]: "*" beside other origins; leave the others out, or this one`,
			`uploads.roles[0]: "arn:aws:iam::210987654321:role/media-app", an ARN; write the name alone, "media-app", or leave it out, and let that account's own policies and the bucket's let it upload`,
			`uploads.roles[1]: "service/media-app", a path; write the name alone, "media-app"`,
			`uploads.roles[2]: a name that starts with AWSReservedSSO_; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
			`uploads.roles[4]: "media", which is "Media"; list it once: letter case does not count in the names of roles`,
		}},
		{"an origin that uploads beside all of them", `{"uploads": {"origins": ["https://app.example.com", "*"]}}`, []string{
			`uploads.origins[1]: "*" beside other origins; leave the others out, or this one`,
		}},
		{"a role that uploads and that IAM keeps for itself", `{"uploads": {"roles": ["AWSReservedSSO_Admin_1"]}}`, []string{
			`uploads.roles[0]: a name that starts with AWSReservedSSO_; write the name of a role of your own: IAM attaches no policy to a role of an AWS service or of IAM Identity Center`,
		}},
		{"a pattern of the default behavior", `{"publicPaths": ["*"]}`, []string{
			`publicPaths[0]: "*"; write "/*": CloudFront keeps * for the default behavior`,
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

// A Go program names the folder beside the bucket.
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
