package peers

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
)

var update = flag.Bool("update", false, "write testdata/spellings.txt anew")

// spelling is a character at one place of a URL, escaped or not.
type spelling struct {
	place   string // "path" or "query"
	char    byte
	escaped bool
}

func (s spelling) text() string {
	if s.escaped {
		return fmt.Sprintf("%%%02X", s.char)
	}
	return string(rune(s.char))
}

func (s spelling) url() string { return anyHost + s.around(s.text()) }

func (s spelling) around(text string) string {
	if s.place == "query" {
		return "/a?b=c" + text + "d"
	}
	return "/a" + text + "b"
}

// spellings returns the spellings of each printable character, in the middle of a path
// segment and of a query value.
func spellings() (all []spelling) {
	for _, place := range []string{"path", "query"} {
		for c := byte(' '); c <= '~'; c++ {
			all = append(all, spelling{place, c, false}, spelling{place, c, true})
		}
	}
	return all
}

// instead returns what a client sent in place of a spelling, quoted, or how it
// failed.
func (s spelling) instead(got string) string {
	before, after, _ := strings.Cut(s.around("\x00"), "\x00")
	if text, ok := strings.CutPrefix(got, anyHost+before); ok {
		if text, ok = strings.CutSuffix(text, after); ok {
			return fmt.Sprintf("%q", text)
		}
	}
	if path, ok := strings.CutPrefix(got, anyHost); ok {
		return "the URL " + path
	}
	return got
}

func TestTheTableOfSpellingsIsWhatTheClientsSend(t *testing.T) {
	const file = "testdata/spellings.txt"
	var urls []string
	all := spellings()
	for _, s := range all {
		urls = append(urls, s.url())
	}
	sent := fetchAll(t, urls)
	t.Run("ObjectURL writes the spelling that most clients send as it stands", func(t *testing.T) {
		for i := 0; all[i].place == "path"; i += 2 {
			checkObjectURL(t, all[i:i+2], sent, i)
		}
	})
	t.Run("Explain names the client that wrote a URL anew", func(t *testing.T) {
		for name, got := range sent {
			for i, arrived := range got {
				if c := all[i].char; '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
					continue // no client escapes a letter, and Explain does not try it
				}
				if arrived != urls[i] && strings.HasPrefix(arrived, anyHost) && !strings.Contains(urls[i], "#") {
					checkNamed(t, name, urls[i], arrived)
				}
			}
		}
	})

	var names []string
	for _, client := range httpClients {
		names = append(names, client.name)
	}
	var table strings.Builder
	fmt.Fprintf(&table, `# How clients send each printable character of a URL: in the middle of a segment
# of the path and of a value of the query, as it is and escaped. For each spelling
# how many of %d clients send it as it stands, and what the others send instead.
# The clients: %s.
# Made by "go test -C signer/internal/peers -run Spellings . -update".
`, len(names), strings.Join(names, ", "))
	for i, s := range all {
		others := map[string][]string{}
		unchanged := 0
		for _, name := range names {
			if got := sent[name][i]; got == urls[i] {
				unchanged++
			} else {
				others[s.instead(got)] = append(others[s.instead(got)], name)
			}
		}
		fmt.Fprintf(&table, "%-5s  %-5q  %2d", s.place, s.text(), unchanged)
		for _, instead := range slices.Sorted(maps.Keys(others)) {
			fmt.Fprintf(&table, "  %s: %s.", instead, strings.Join(others[instead], ", "))
		}
		table.WriteByte('\n')
	}
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Split(string(must[[]byte](t)(os.ReadFile(file))), "\n")
	for i, line := range strings.Split(table.String(), "\n") {
		if i >= len(want) || want[i] != line {
			t.Errorf("%s, line %d, is not what was measured (-update writes it):\n%s", file, i+1, line)
		}
	}
}

// checkObjectURL checks that ObjectURL spells a character as most clients send it, given
// both spellings and their position in what was sent. If as many clients keep one as the
// other, either is right.
func checkObjectURL(t *testing.T, both []spelling, sent map[string][]string, at int) {
	c := both[0].char
	switch c {
	case '/', '?', '*', '+':
		return // unescaped in a path, CloudFront or S3 gives them another meaning
	}
	var unchanged [2]int
	for _, got := range sent {
		for i, s := range both {
			if got[at+i] == s.url() {
				unchanged[i]++
			}
		}
	}
	url := must[string](t)(signer.ObjectURL(anyHost, "a"+string(rune(c))+"b"))
	if raw := url == both[0].url(); raw && unchanged[0] < unchanged[1] || !raw && unchanged[1] < unchanged[0] {
		t.Errorf("ObjectURL writes %s; %d clients send %s as it stands, and %d %s", url, unchanged[0], both[0].text(), unchanged[1], both[1].text())
	}
}

// checkNamed checks that Explain names the client that rewrote a URL with a canned
// policy.
func checkNamed(t *testing.T, client, signed, arrived string) {
	policy := fmt.Sprintf(`{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`, signed, expires.Unix())
	digest := sha256.Sum256([]byte(policy))
	signature := must[[]byte](t)(ecdsaKey().Sign(rand.Reader, digest[:], crypto.SHA256))
	separator := "?"
	if strings.Contains(arrived, "?") {
		separator = "&"
	}
	params := fmt.Sprintf("Expires=%d&Signature=%s&Key-Pair-Id=%s&Hash-Algorithm=SHA256", expires.Unix(),
		strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(signature)), keyPairID)
	key := must[*signer.PublicKey](t)(signer.NewPublicKey(ecdsaKey().Public()))
	v := signer.Explain(signer.Request{URL: arrived + separator + params, Time: expires.Add(-time.Minute)}, map[string]*signer.PublicKey{keyPairID: key})
	_, names, _ := strings.Cut(v.Detail, "as these clients send it: ")
	if v.Reason != signer.ReasonRewritten || !slices.Contains(strings.Split(names, ", "), client) {
		t.Errorf("%s sends %s for %s, and Explain says %s: %s", client, arrived, signed, v.Reason, v.Detail)
	}
}
