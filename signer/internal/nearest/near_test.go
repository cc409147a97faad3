package nearest

import (
	"strings"
	"testing"
)

func TestTheSearchTriesWhatCanHaveBeenSignedAndTheLikelierFirst(t *testing.T) {
	const site, query = "https://a.example/", "?Signature=AB~&x=1&Key-Pair-Id=K2&Hash-Algorithm=SHA1&Expires=12"
	const arrived = site + "ab" + query
	edited := func(old, changed string) string { return strings.Replace(arrived, old, changed, 1) }
	tried, n := map[string]int{}, 0
	for url := range near(arrived) {
		if url == arrived || !strings.HasPrefix(url, site) {
			t.Errorf("tried %s", url)
		}
		if _, again := tried[url]; !again {
			tried[url] = n
		}
		n++
	}
	for what, url := range map[string]string{
		"the first byte of the path":            edited("/ab", "/_b"),
		"the last byte of the path":             edited("/ab", "/a."),
		"a byte before the path's first":        edited("/ab", "/~ab"),
		"a byte after the path's last":          edited("/ab", "/abc"),
		"a byte that was added to the path":     edited("/ab", "/a"),
		"the path's first byte, which is extra": edited("/ab", "/b"),
		"two swapped bytes of the path":         edited("/ab", "/ba"),
		"the name of a parameter":               edited("&x=", "&y="),
		"the value of a parameter":              edited("x=1", "x=Z"),
		"a digit of the expiry":                 edited("Expires=12", "Expires=92"),
		"a digit that the expiry lost":          edited("Expires=12", "Expires=120"),
		"two swapped digits of the expiry":      edited("Expires=12", "Expires=21"),
		"a byte of the signature":               edited("=AB~", "=AB-"),
		"a byte that the signature lost":        edited("=AB~", "=ABC~"),
	} {
		if _, ok := tried[url]; !ok {
			t.Errorf("%s is not tried: %s", what, url)
		}
	}
	for what, url := range map[string]string{
		"the name of the expiry":             edited("Expires", "expires"),
		"the id of the key":                  edited("=K2", "=K3"),
		"the hash":                           edited("SHA1", "SHA2"),
		"a letter in the expiry":             edited("Expires=12", "Expires=1a"),
		"a byte that no signature has":       edited("=AB~", "=A.~"),
		"a byte before the name of a policy": edited("Signature=", "aSignature="),
	} {
		if _, ok := tried[url]; ok {
			t.Errorf("%s is tried: %s", what, url)
		}
	}
	if expiry, signature := tried[edited("Expires=12", "Expires=92")], tried[edited("=AB~", "=AA~")]; expiry > signature {
		t.Errorf("the signature is tried at %d, before the expiry at %d", signature, expiry)
	}
}

func TestAURLWithoutAPathIsNotSearched(t *testing.T) {
	for _, url := range []string{"https://a.example", "https://a.example?x=1", "a/b", "a", ""} {
		for other := range near(url) {
			t.Fatalf("%q has no path, and %q was tried", url, other)
		}
	}
}
