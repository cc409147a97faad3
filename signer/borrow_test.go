package signer

import (
	"reflect"
	"strings"
	"testing"
)

func TestABorrowerTakesTheLendersKeysAndKeepsAllElse(t *testing.T) {
	lender := wholeDocument(t)
	lender.MaxURLLifetime, lender.MaxKeyAge = 100, 40
	d := Deployment{
		Schema: 1, BaseURL: "https://d222222abcdef8.cloudfront.net", Region: "eu-west-2",
		Key: KeyLocation{Parameter: "/signedfront/signedfront/dev"}, MaxURLLifetime: 200, MaxKeyAge: 50,
		TrustedKeys: []TrustedKey{{ID: "KOTHER"}},
		Query:       &ForwardedQuery{[]string{}, []string{"v"}}, Bucket: &Bucket{"other", "eu-west-2", "/media"},
	}
	before := d
	got := must[*Deployment](t)(d.Borrow(&lender))
	want := lender
	want.BaseURL, want.Region = d.BaseURL, d.Region
	want.Query, want.Bucket = d.Query, d.Bucket
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	if !reflect.DeepEqual(d, before) {
		t.Error("the borrower's own document changed")
	}
	if keys, err := got.PublicKeys(); err != nil || keys[keyID] == nil {
		t.Errorf("the lender's trusted keys: %v, %v", keys, err)
	}
	if _, err := lender.Borrow(&d); err == nil || !strings.Contains(err.Error(), "from /signedfront/signedfront/dev: borrow from that environment") {
		t.Errorf("two hops: got %v", err)
	}
}

func TestOfTwoLimitsTheLesserCountsAndZeroIsNone(t *testing.T) {
	for _, test := range []struct{ a, b, want int64 }{{0, 0, 0}, {1, 0, 1}, {0, 1, 1}, {1, 2, 1}, {2, 1, 1}, {2, 2, 2}} {
		if got := lesser(test.a, test.b); got != test.want {
			t.Errorf("of %d and %d: %d", test.a, test.b, got)
		}
	}
}
