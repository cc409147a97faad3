package config

import (
	"fmt"
	"slices"
	"strings"
)

// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
const (
	maxRootObject        = 255
	rootObjectCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + `_-.$/~"'@:+&`
)

// checkDefaultRootObject checks the key of the object for /.
func checkDefaultRootObject(at node, key string) {
	switch {
	case key == "" || isToken(key):
	case strings.HasPrefix(key, "/"):
		at.wrong(quote(key), fmt.Sprintf("write %s: CloudFront adds the slash", quotePart(strings.TrimLeft(key, "/"), key)))
	case len(key) > maxRootObject:
		at.tooLong(len(key), maxRootObject)
	case strings.ContainsFunc(key, func(r rune) bool { return !strings.ContainsRune(rootObjectCharacters, r) }) || strings.HasSuffix(key, "/") || denormal.MatchString("/"+key):
		at.wrong(quote(key), "write the key of one object, such as "+examples["defaultRootObject"]+", of letters, digits and _-.$/~\"'@:+&")
	}
}

// checkRootObjectStaysSigned reports a default root object that requires a
// signature under its own path while / is public and would serve it unsigned.
func (c Content) checkRootObjectStaysSigned(at node) {
	outer, within := c.signedAround("/" + c.DefaultRootObject)
	_, signed := c.signedAround("/")
	open := func(public string) bool { return arePatterns(public) && covers(public, "/") }
	if c.DefaultRootObject != "" && within && !signed && slices.ContainsFunc(c.publicPatterns(), open) {
		at.field("DefaultRootObject").wrong(fmt.Sprintf("%s, which lies within the signed %s", quote(c.DefaultRootObject), quote(outer)),
			fmt.Sprintf("list \"/\" in %s too, or choose another object: / is public and would serve it unsigned", at.name("SignedPaths")))
	}
}
