package report

import (
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/unknowns"
)

func TestAnswersToUnknownsAreAMarkdownTable(t *testing.T) {
	r := &unknowns.Report{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Algorithm: signer.ECDSAP256, Hash: signer.SHA256, Answers: []unknowns.Answer{
		{Question: "The code for a missing `Signature`", Request: "no Signature", CloudFront: "403 MissingKey", Edge: "403 MalformedSignature"},
		{Question: "The code for a missing `Signature`", Request: "an empty | one", CloudFront: "403 MalformedSignature", Edge: "403 MalformedSignature"},
		{Question: "An IPv6 viewer", Request: "0.0.0.0/0", Edge: "403 AccessDenied", Why: "no IPv6 here"},
		{Question: "The order", Why: "needs a distribution with all of them"},
	}}
	const want = "### What CloudFront answers\n\nAsked on 2026-03-01. Key: ecdsa-p256. Hash: sha256.\n\n" +
		"| question | request | CloudFront | local edge |\n| --- | --- | --- | --- |\n" +
		"| The code for a missing `Signature` | no Signature | **403 MissingKey** | 403 MalformedSignature |\n" +
		"|  | an empty \\| one | 403 MalformedSignature | 403 MalformedSignature |\n" +
		"| An IPv6 viewer | 0.0.0.0/0 | not answered: no IPv6 here | 403 AccessDenied |\n" +
		"\n1 of 2 answers differ from those of the local edge. Requests without an answer: 1.\n\nNot asked:\n\n- The order: needs a distribution with all of them\n"
	var b strings.Builder
	if err := Unknowns(&b, r); err != nil || b.String() != want {
		t.Errorf("%v:\n%s", err, b.String())
	}
}
