package report_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer/internal/report"
	"github.com/signedfront/signedfront/signer/internal/status"
)

func whole() *status.Report {
	at := time.Date(2026, 7, 3, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { t := at.Add(-d); return &t }
	yes, no := true, false
	return &status.Report{
		Schema: 1, Environment: "dev", Parameter: "/signedfront/media/dev", Region: "eu-west-1", Time: at,
		Served:     &status.Served{URL: "https://media.example.com", Names: []string{"d1.cloudfront.net", "media.example.com"}, DistributionID: "E1", Enabled: true, Deployed: true, Changed: *ago(3 * time.Hour)},
		Protection: &status.Protection{Signed: true, Public: []string{"/public/*"}, Termination: &yes, PublicAccessBlocked: &no},
		Stack:      &status.StackState{Name: "media-dev", ID: "arn", State: "UPDATE_COMPLETE", Updated: *ago(90 * time.Minute)},
		Bucket:     &status.BucketUse{Name: "media-content", Region: "eu-west-1", Path: "/a", Access: "origin access control E2"},
		Keys: []status.Key{
			{ID: "K1", Number: 1, Algorithm: "rsa-2048", Created: ago(30 * 24 * time.Hour), State: "draining", Since: ago(time.Hour), Until: ago(-144 * time.Hour), Trusted: true, May: []string{"promote"}},
			{ID: "K2", State: "current", Trusted: false},
		},
		Next:      &status.Next{Safe: []string{"add", "promote K1"}, From: ago(-144 * time.Hour), Why: "signing key 1 (K1) signed until then"},
		Lender:    "/signedfront/media/stage",
		Borrowers: []string{"media-pr-7", "media-pr-8"},
		Quotas:    []status.Quota{{Name: "public keys", Used: 12, Limit: 10}},
		Findings:  []status.Finding{{Check: "secret", What: "the secret is gone", Meaning: "nothing can be signed", Do: "add a key"}},
		Unread:    []status.Unread{{Line: "borrowers", Action: "cloudformation:ListImports", Why: "these credentials may not use cloudformation:ListImports"}},
	}
}

const screen = `ENVIRONMENT  dev, eu-west-1, /signedfront/media/dev
SERVED       https://media.example.com, E1, deployed 2026-07-03T09:00:00Z (3h ago)
PROTECTION   signature required, public: /public/*, stack protected from deletion, bucket not closed to the public
STACK        media-dev, UPDATE_COMPLETE, 2026-07-03T10:30:00Z (1h ago)
BUCKET       media-content/a, eu-west-1, origin access control E2
LENDER       /signedfront/media/stage
BORROWERS    media-pr-7 media-pr-8
QUOTAS       public keys: 12 used, 0 left of 10

KEY  ID  ALGORITHM  AGE  STATE     SINCE                 UNTIL                 TRUSTED  MAY NOW
1    K1  rsa-2048   30d  draining  2026-07-03T11:00:00Z  2026-07-09T12:00:00Z  yes      promote
-    K2  -          -    current   -                     -                     no       -

SAFE NOW     add, promote K1
SAFE LATER   2026-07-09T12:00:00Z (signing key 1 (K1) signed until then)

FOUND 1
secret: the secret is gone
  meaning: nothing can be signed
  do: add a key

NOT READ 1
borrowers: these credentials may not use cloudformation:ListImports
`

func TestAReportIsOneScreen(t *testing.T) {
	var b bytes.Buffer
	if err := report.Screen(&b, whole(), false); err != nil {
		t.Fatal(err)
	}
	if b.String() != screen {
		t.Errorf("got\n%s\nwant\n%s", b.String(), screen)
	}
	if n := strings.Count(b.String(), "\n"); n > 40 {
		t.Errorf("%d lines", n)
	}
}

func TestColorAddsNothingToTheWords(t *testing.T) {
	r := whole()
	var plain, colored bytes.Buffer
	report.Screen(&plain, r, false)
	report.Screen(&colored, r, true)
	without := colored.String()
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"} {
		without = strings.ReplaceAll(without, code, "")
	}
	if without != plain.String() || colored.String() == plain.String() || strings.Contains(plain.String(), "\x1b") {
		t.Errorf("with color:\n%s", colored.String())
	}
}

func TestTheLastLineSaysWhetherAllIsWell(t *testing.T) {
	for _, test := range []struct {
		healthy bool
		unread  []status.Unread
		want    string
	}{
		{true, nil, "\nhealthy: nothing is wrong\n"},
		{false, []status.Unread{{Line: "secret", Why: "AWS throttles", Needed: true}}, "\nnot known: nothing wrong was found, but not everything was read\n"},
	} {
		r := whole()
		r.Healthy, r.Findings, r.Unread = test.healthy, nil, test.unread
		var b bytes.Buffer
		report.Screen(&b, r, false)
		if !strings.HasSuffix(b.String(), test.want) {
			t.Errorf("got %s", b.String())
		}
	}
}

func TestWhatDoesNotPrintIsQuoted(t *testing.T) {
	r := whole()
	r.Findings[0].What = "a\x1b[31mb"
	r.Protection.Public = []string{"a\nb"}
	var b bytes.Buffer
	report.Screen(&b, r, false)
	if strings.Contains(b.String(), "\x1b") || !strings.Contains(b.String(), `"a\x1b[31mb"`) || !strings.Contains(b.String(), `"public: a\nb"`) {
		t.Errorf("got %q", b.String())
	}
}

func TestTheJSONIsTheWholeReport(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, whole()); err != nil {
		t.Fatal(err)
	}
	var back status.Report
	decoder := json.NewDecoder(&b)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&back); err != nil || !reflect.DeepEqual(&back, whole()) {
		t.Errorf("%v: %+v", err, back)
	}
}
