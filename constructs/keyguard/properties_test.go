package keyguard_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/keyguard"
	"github.com/signedfront/signedfront/signer/leaktest"
)

func TestPropertiesThatAreWrongAreRefused(t *testing.T) {
	right := properties("1", "1a", "2b")
	for name, test := range map[string]struct {
		properties map[string]any
		says       string
	}{
		"none":                           {map[string]any{}, "property KeyMode is an empty value: want own-keys, lent-keys or borrowed-keys"},
		"another mode":                   {but(right, contract.KeyMode, "rented-keys"), `property KeyMode is "rented-keys"`},
		"no key group":                   {but(right, contract.KeyGroupLogicalID, ""), "property KeyGroupLogicalId is missing"},
		"no parameter":                   {but(right, contract.DocumentLogicalID, nil), "property DocumentLogicalId is missing"},
		"no name":                        {but(right, contract.DocumentName, []any{}), "property DocumentName is missing"},
		"no distribution":                {but(right, contract.DistributionLogicalID, ""), "property DistributionLogicalId is missing"},
		"no lender":                      {but(right, contract.KeyMode, contract.BorrowedKeys), "property LenderName is missing"},
		"no margin":                      {but(right, contract.MarginSeconds, "0"), `property MarginSeconds is "0": want 1 to 86400 seconds`},
		"a margin left out":              {but(right, contract.MarginSeconds, nil), `property MarginSeconds is an empty value`},
		"a margin of days":               {but(right, contract.MarginSeconds, "86401"), `property MarginSeconds is "86401"`},
		"a margin with its unit":         {but(right, contract.MarginSeconds, "15m"), `property MarginSeconds is "15m"`},
		"no keys":                        {but(right, contract.CallerReferences, nil), "property CurrentKey is 1, which CallerReferences does not list"},
		"a key without a number":         {but(right, contract.CallerReferences, map[string]any{"one": "a"}), `property CallerReferences has "one" instead of a key number: want 1 or more`},
		"a number with a zero":           {but(right, contract.CallerReferences, map[string]any{"01": "a"}), `property CallerReferences has "01" instead of`},
		"a number below one":             {but(right, contract.CallerReferences, map[string]any{"0": "a"}), `property CallerReferences has "0" instead of`},
		"a key without one":              {but(right, contract.CallerReferences, map[string]any{"1": ""}), "property CallerReferences has no caller reference for key 1"},
		"a key with two":                 {but(right, contract.CallerReferences, map[string]any{"1": []any{"a", "b"}}), "property CallerReferences has no caller reference for key 1"},
		"no current key":                 {but(right, contract.CurrentKey, ""), "property CurrentKey has an empty value instead of"},
		"another current key":            {but(right, contract.CurrentKey, "3"), "property CurrentKey is 3, which CallerReferences does not list"},
		"a compromised key of no number": {but(right, contract.CompromisedKeys, []any{"1", map[string]any{}}), "property CompromisedKeys has an empty value instead of"},
		"an id that is none":             {but(right, contract.AlsoTrustedKeys, []any{"K7", 7.0}), "property AlsoTrustedKeys must list ids of public keys"},
	} {
		inBubble(t, name, func(t *testing.T) { inUse().wantRefused(t, test.properties, test.says) })
	}
}

// FuzzAnyPropertiesAreAnswered also checks that no properties make a step safe
// that removes the current key.
func FuzzAnyPropertiesAreAnswered(f *testing.F) {
	for _, p := range []map[string]any{properties("1", "1a", "2b"), properties("2", "2b"), wrong, but(properties("2", "2b"), contract.CompromisedKeys, []any{"1", 2}),
		but(properties("1", "1a"), contract.KeyMode, contract.BorrowedKeys, contract.LenderName, "/signedfront/signedfront/dev")} {
		text, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p map[string]any
		if json.Unmarshal([]byte(text), &p) != nil || p == nil {
			return // no object of properties
		}
		if p[contract.DocumentName] != nil {
			p[contract.DocumentName] = parameter // one that is not there is a first creation
		}
		synctest.Test(t, func(t *testing.T) {
			a := inUse()
			r := customresource.Request{StackID: stackID, Properties: p, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			response, err := (&keyguard.Provider{Account: a}).Update(t.Context(), r)
			if response.PhysicalResourceID != contract.KeyGuardID {
				t.Errorf("the physical id is %s", response.PhysicalResourceID)
			}
			if err != nil {
				return
			}
			references, _ := p[contract.CallerReferences].(map[string]any)
			for _, is := range references {
				if is == reference(1, "a") {
					return
				}
			}
			t.Error("allowed, without the current key")
		})
	})
}

// Somebody may have written a private key in place of a name or a number.
func TestNoErrorAndNoLogShowsAKey(t *testing.T) {
	called := func(call func(ctx context.Context, p *keyguard.Provider, r customresource.Request) error) func(text string) []any {
		return func(text string) (shown []any) {
			var log strings.Builder
			synctest.Test(t, func(t *testing.T) {
				for _, keys := range []map[string]any{properties("1", "1a", "2b"), properties("2", "2b")} {
					keys[contract.KeyMode], keys[contract.LenderName] = contract.OwnKeys, "/signedfront/signedfront/prod"
					for name := range but(keys, contract.CompromisedKeys, nil) {
						for _, value := range []any{text, []any{text}, map[string]any{text: text, "2": text}, map[string]any{"1": text}} {
							a := inUse()
							a.exports[contract.KeyGroupExport(parameter)] = text
							a.trusting = []string{text}
							shown = append(shown, call(t.Context(), &keyguard.Provider{Account: a}, customresource.Request{
								StackID: stackID, Properties: but(keys, name, value), Log: slog.New(slog.NewTextHandler(&log, nil)),
							}))
						}
					}
				}
				a := inUse()
				a.resources["Document2B"], a.group.Members = text, []string{text}
				shown = append(shown, call(t.Context(), &keyguard.Provider{Account: a}, customresource.Request{
					StackID: stackID, Properties: properties("2", "2b"), Log: slog.New(slog.NewTextHandler(&log, nil)),
				}))
			})
			return append(shown, log.String())
		}
	}
	asked := func(call func(ctx context.Context, a *keyguard.AWS, text string) error) func(text string) []any {
		return func(text string) (shown []any) {
			synctest.Test(t, func(t *testing.T) {
				a := &account{fail: map[string]error{}}
				shown = append(shown, call(t.Context(), services(to(a, map[string]bool{})), text))
			})
			return shown
		}
	}
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"NewAWS": nil,
		"Provider.Create": called(func(ctx context.Context, p *keyguard.Provider, r customresource.Request) error {
			_, err := p.Create(ctx, r)
			return err
		}),
		"Provider.Update": nil, // is Create
		"Provider.Delete": nil,
		"AWS.Stack": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.Stack(ctx, text)
			return err
		}),
		"AWS.Resource": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.Resource(ctx, text, text)
			return err
		}),
		"AWS.KeyGroup": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.KeyGroup(ctx, text)
			return err
		}),
		"AWS.PublicKey": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.PublicKey(ctx, text)
			return err
		}),
		"AWS.History": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.History(ctx, text)
			return err
		}),
		"AWS.Trusting": asked(func(ctx context.Context, a *keyguard.AWS, text string) error {
			_, err := a.Trusting(ctx, text)
			return err
		}),
	})
}
