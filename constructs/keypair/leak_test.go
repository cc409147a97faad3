package keypair_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/signer"
)

// A private key may have been put where a name or a word belongs: in no answer
// and no log may as much as a piece of it stand.
func TestNoErrorQuotesAKeyThatStandsWhereAPropertyBelongs(t *testing.T) {
	key := pemOf(t, signer.ECDSAP256)
	body := strings.ReplaceAll(strings.TrimSpace(key[strings.Index(key, "\n"):strings.LastIndex(key, "-----END")]), "\n", "")
	for spelling, value := range map[string]string{
		"as PEM": key, "on one line": strings.ReplaceAll(key, "\n", " "), "with the line breaks of JSON": strings.ReplaceAll(key, "\n", `\n`),
		"as base64": body, "a line of it": body[:64], "a piece of it": body[20:60],
	} {
		for _, name := range []string{"SecretId", "Generation", "Algorithm", "ServiceTimeout"} {
			for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
				inBubble(t, name+" of a "+string(kind)+" "+spelling, func(t *testing.T) {
					d := deploy(t)
					changed := properties("1", "ecdsa-p256")
					changed[name] = value
					a := d.request(t, kind, "", changed)
					d.mu.Lock()
					said := a.Reason + d.log.String()
					d.mu.Unlock()
					for i := range len(body) - 12 {
						if piece := body[i : i+12]; strings.Contains(said, piece) {
							t.Fatalf("%q of the key was told: %s", piece, said)
						}
					}
				})
			}
		}
	}
}
