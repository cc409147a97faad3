package edge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// lent makes a template that lends its keys, and one that borrows them.
func lent(t testing.TB, changes ...change) (lender, borrower []byte) {
	t.Helper()
	lender = edited(t, change{"Outputs.KeyGroupId", map[string]any{"Value": map[string]any{"Ref": "KeyGroup"}}})
	borrower = edited(t, append([]change{
		{"Resources.KeyPair", nil},
		{"Resources.Secret", nil},
		{"Resources.PublicKey", nil},
		{"Resources.KeyGroup", nil},
		{fallback + ".TrustedKeyGroups", []any{stackOutput("shop-dev", "KeyGroupId")}},
		{"Resources.DeploymentDocument.Properties.Name", "/signedfront/shop/pr-42"},
		{document, borrowing(`"maxUrlLifetime":3600,"maxKeyAge":7200`)},
	}, changes...)...)
	return lender, borrower
}

const document = "Resources.DeploymentDocument.Properties.Value"

// borrowing is a deployment document that borrows the key of the fixture.
func borrowing(limits string) string {
	return `{"schema":1,"baseUrl":"https://pr.example.com","key":{"parameter":"/signedfront/signedfront/dev"},"region":"eu-west-1",` + limits + `}`
}

// stackOutput is a call of Fn::GetStackOutput; more are names and values of further
// members.
func stackOutput(stack, name string, more ...string) map[string]any {
	call := map[string]any{"StackName": stack, "OutputName": name}
	for i := 0; i < len(more); i += 2 {
		call[more[i]] = more[i+1]
	}
	return map[string]any{"Fn::GetStackOutput": call}
}

// borrowed is the configuration of an edge that borrows.
func borrowed(lender, borrower []byte) Config {
	return Config{
		Template:  borrower,
		StackName: "shop-pr-42",
		Objects:   OpenFS(pictures),
		Others:    []Stack{{Name: "shop-other", Template: []byte("not needed")}, {Name: "shop-dev", Template: lender}},
	}
}

// exporting is a change of a lender that exports its key group.
func exporting(name any) change {
	return change{"Outputs.LentKeyGroup", map[string]any{"Value": map[string]any{"Ref": "KeyGroup"}, "Export": map[string]any{"Name": name}}}
}

func importing(name any) change {
	return change{fallback + ".TrustedKeyGroups", []any{map[string]any{"Fn::ImportValue": name}}}
}

func TestAKeyGroupThatAnotherStackExportsIsTrusted(t *testing.T) {
	for name, export := range map[string]any{
		"by its name":                    "lent:dev",
		"by a name that is put together": map[string]any{"Fn::Join": []any{":", []any{"lent", "dev"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, borrower := lent(t, importing("lent:dev"))
			s := serveConfig(t, borrowed(edited(t, exporting(export)), borrower))
			if got := s.get(s.sign("/rt.png")); got.status != 200 {
				t.Errorf("signed: %d %s", got.status, got.header.Get(reasonHeader))
			}
		})
	}
}

func TestAnExportIsOfTheStacksInTheRegion(t *testing.T) {
	_, borrower := lent(t, importing("lent:dev"))
	lender := edited(t, exporting("lent:dev"))
	for _, test := range []struct {
		name   string
		others []Stack
		want   string // of the error; empty: none
	}{
		{"in the same one", []Stack{{Name: "shop-dev", Region: "us-east-1", Template: lender}}, ""},
		{"that may be anywhere", []Stack{{Name: "shop-dev", Template: lender}}, ""},
		{"in another one", []Stack{{Name: "shop-dev", Region: "eu-west-1", Template: lender}}, `Fn::ImportValue: the local edge has no stack that exports "lent:dev"`},
		{"of another name", []Stack{{Name: "shop-dev", Template: edited(t, exporting("lent:prod"))}}, `Fn::ImportValue: the local edge has no stack that exports "lent:dev"`},
		{"behind a template that is none", []Stack{{Name: "shop-other", Template: []byte("none")}}, "Fn::ImportValue: stack shop-other: template: not a CloudFormation template in JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Config{Template: borrower, Region: "us-east-1", Others: test.others, BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestABorrowedKeyIsTheLendersOwn(t *testing.T) {
	lender, borrower := lent(t)
	pair, err := signer.GenerateKey(signer.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	var asked []KeyPair
	keys := func(k KeyPair) (*signer.PrivateKey, error) {
		asked = append(asked, k)
		return pair, nil
	}
	c := borrowed(lender, borrower)
	c.Keys = keys
	s := serveConfig(t, c)
	if want := []KeyPair{{Stack: "shop-dev", LogicalID: "KeyPair", Algorithm: signer.ECDSAP256}}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("signed: %d %s", got.status, got.header.Get(reasonHeader))
	}
	if got := s.get(s.url + "/rt.png"); got.status != 403 {
		t.Errorf("unsigned: %d", got.status)
	}
	other := serveConfig(t, Config{Template: lender, StackName: "shop-dev", Objects: OpenFS(pictures), Keys: keys})
	if mine, theirs := s.edge.Deployment().KeyPairID, other.edge.Deployment().KeyPairID; mine != theirs {
		t.Errorf("the key pair id is %s with the borrower and %s with the lender", mine, theirs)
	}
}

func TestABorrowersDocumentHasTheLendersKeyAndTheLesserLimits(t *testing.T) {
	for _, test := range []struct {
		name, limits           string
		urlLifetime, maxKeyAge int64
	}{
		{"where its own are less", `"maxUrlLifetime":60,"maxKeyAge":90`, 60, 90},
		{"where the lender's are less", `"maxUrlLifetime":9999999,"maxKeyAge":9999999`, 604800, 3600},
		{"where it has none", `"maxUrlLifetime":0`, 604800, 3600},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serveConfig(t, borrowed(lent(t, change{document, borrowing(test.limits)})))
			d := s.edge.Deployment()
			if err := d.Validate(); err != nil {
				t.Error(err)
			}
			if d.BaseURL != s.url || d.Region != "" || d.MaxURLLifetime != test.urlLifetime || d.MaxKeyAge != test.maxKeyAge ||
				d.Key.Parameter != "" || !strings.HasPrefix(d.Key.SecretARN, "arn:aws:secretsmanager:") {
				t.Errorf("document %+v", d)
			}
			over := signer.Policy{TTL: time.Duration(test.urlLifetime+60) * time.Second}
			if _, err := s.signer.URL(context.Background(), s.url+"/rt.png", over); err == nil {
				t.Error("the signer signs for longer than the limit")
			}
		})
	}
}

func TestAnOutputIsThatOfTheStackInTheRegion(t *testing.T) {
	lender, borrower := lent(t, change{fallback + ".TrustedKeyGroups", []any{stackOutput("shop-dev", "KeyGroupId", "Region", "eu-west-1", "RoleArn", "arn:aws:iam::1:role/x")}})
	none := []byte(`{"Resources": {"A": {"Type": "B"}}}`)
	for _, test := range []struct {
		name   string
		region string // of the borrower
		others []Stack
		want   string // of the error; empty: none
	}{
		{"that says its Region", "us-east-1", []Stack{{Name: "shop-dev", Region: "us-east-1", Template: none}, {Name: "shop-dev", Region: "eu-west-1", Template: lender}}, ""},
		{"that may be anywhere", "us-east-1", []Stack{{Name: "shop-dev", Template: lender}}, ""},
		{"that is elsewhere", "us-east-1", []Stack{{Name: "shop-dev", Region: "us-east-1", Template: none}}, "the local edge does not have the stack shop-dev in eu-west-1: it has shop-dev in us-east-1"},
		{"where there is none", "", nil, "it has no other stack"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Config{Template: borrower, Region: test.region, Others: test.others, BaseURL: "http://127.0.0.1:8080", Objects: OpenFS(pictures)})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestABorrowerThatCannotBorrowIsRefusedWithThePlace(t *testing.T) {
	lender, _ := lent(t)
	groups := func(value any) change { return change{fallback + ".TrustedKeyGroups", []any{value}} }
	for _, test := range []struct {
		name    string
		lender  []byte
		changes []change // of the borrower
		want    string
	}{
		{"a stack that is not there", lender, []change{groups(stackOutput("shop-prod", "KeyGroupId"))},
			"DefaultCacheBehavior.TrustedKeyGroups[0].Fn::GetStackOutput: the local edge does not have the stack shop-prod: it has shop-other, shop-dev"},
		{"an output that is not there", lender, []change{groups(stackOutput("shop-dev", "KeyGroup"))},
			"TrustedKeyGroups[0].Fn::GetStackOutput: stack shop-dev: Outputs.KeyGroup: the template has no such output"},
		{"an output that cannot be resolved", lender, []change{groups(stackOutput("shop-dev", "Unused"))},
			"Outputs.Unused.Value.Fn::ImportValue: the local edge has no stack that exports"},
		{"an output of something else", edited(t, change{"Outputs.KeyGroupId", map[string]any{"Value": map[string]any{"Ref": "Bucket"}}}), nil,
			"TrustedKeyGroups[0]: the template has no such key group"},
		{"an output whose condition does not hold", edited(t,
			change{"Conditions.Never", map[string]any{"Fn::Equals": []any{"a", "b"}}},
			change{"Outputs.KeyGroupId", map[string]any{"Condition": "Never", "Value": map[string]any{"Ref": "KeyGroup"}}}), nil,
			"stack shop-dev: Outputs.KeyGroupId: it does not exist"},
		{"an output of itself", edited(t, change{"Outputs.KeyGroupId", map[string]any{"Value": stackOutput("shop-dev", "KeyGroupId")}}), nil,
			"Outputs.KeyGroupId: it refers to itself"},
		{"a call without a name", lender, []change{groups(map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": "shop-dev"}})},
			"TrustedKeyGroups[0].Fn::GetStackOutput.OutputName: want a string"},
		{"a lender's key that is none", edited(t,
			change{"Outputs.KeyGroupId", map[string]any{"Value": map[string]any{"Ref": "KeyGroup"}}},
			change{"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey", "no key"}), nil,
			"stack shop-dev: Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey: not a PEM public key"},
		{"a parameter that no stack has", lender, []change{{document, strings.Replace(borrowing(`"maxKeyAge":1`), "/dev", "/prod", 1)}},
			document + ": key.parameter: "},
		{"a lender that borrows itself", edited(t,
			change{"Outputs.KeyGroupId", map[string]any{"Value": map[string]any{"Ref": "KeyGroup"}}},
			change{document, strings.Replace(borrowing(`"maxKeyAge":1`), "/dev", "/prod", 1)}), nil,
			"/signedfront/signedfront/dev borrows its key itself, from /signedfront/signedfront/prod: borrow from that environment"},
		{"a lender's parameter that is no document", edited(t,
			change{"Outputs.KeyGroupId", map[string]any{"Value": map[string]any{"Ref": "KeyGroup"}}},
			change{document, "text"}), nil,
			document + ": key.parameter: /signedfront/signedfront/dev: deployment document:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, borrower := lent(t, test.changes...)
			c := borrowed(test.lender, borrower)
			c.BaseURL = "http://127.0.0.1:8080"
			if _, err := New(c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestADeploymentOfAnImportedKeySignsWithTheKeyThatItIsGiven(t *testing.T) {
	pair, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	public := pair.PublicKey()
	s := serve(t,
		change{"Resources.KeyPair", nil},
		change{"Resources.PublicKey.Properties.PublicKeyConfig.EncodedKey", string(public.PEM())},
		change{document, map[string]any{"Fn::Sub": `{"schema":1,"baseUrl":"https://${Distribution.DomainName}","keyPairId":"${PublicKey}","algorithm":"rsa-2048","hash":"sha256","publicKeySha256":"` +
			public.Fingerprint() + `","key":{"file":"private_key.pem"},"maxUrlLifetime":7200}`}})
	if _, err := s.edge.Source(); !errors.Is(err, ErrImportedKey) {
		t.Errorf("its source: %v", err)
	}
	if _, err := s.edge.Signer(); !errors.Is(err, ErrImportedKey) {
		t.Errorf("without it: error %v", err)
	}
	if s.signer, err = s.edge.SignerWith(pair); err != nil {
		t.Fatal(err)
	}
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.header.Get(reasonHeader))
	}
	if _, err := s.signer.URL(context.Background(), s.url+"/rt.png", signer.Policy{TTL: 3 * time.Hour}); err == nil {
		t.Error("it signs for longer than the document's maxUrlLifetime")
	}
	other, err := signer.GenerateKey(signer.RSA2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.edge.SignerWith(other); err == nil || !strings.Contains(err.Error(), "does not match key pair id") {
		t.Errorf("with another key: error %v", err)
	}
}

func TestWhatOtherStacksHaveIsNotReadUnlessItIsAskedFor(t *testing.T) {
	_, err := New(Config{
		Template: edited(t),
		BaseURL:  "http://127.0.0.1:8080",
		Objects:  OpenFS(fstest.MapFS{}),
		Others:   []Stack{{Name: "broken", Template: []byte("no template")}},
	})
	if err != nil {
		t.Error(err)
	}
}
