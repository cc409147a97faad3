package awsrotation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/signedfront/signedfront/signer/leaktest"
)

// account responds as AWS does, or with an error code.
type account struct {
	fails    string // the error code of all responses, or ""
	trusting [][]string
	versions [][]string
	empty    bool // responses are empty
}

func (a *account) err() error {
	if a.fails == "" {
		return nil
	}
	return &smithy.GenericAPIError{Code: a.fails, Message: "the text of the service"}
}

func (a *account) GetKeyGroup(context.Context, *cloudfront.GetKeyGroupInput, ...func(*cloudfront.Options)) (*cloudfront.GetKeyGroupOutput, error) {
	if a.empty {
		return &cloudfront.GetKeyGroupOutput{}, a.err()
	}
	return &cloudfront.GetKeyGroupOutput{KeyGroup: &types.KeyGroup{KeyGroupConfig: &types.KeyGroupConfig{Items: []string{"K1", "K2"}}}}, a.err()
}

func (a *account) GetPublicKey(context.Context, *cloudfront.GetPublicKeyInput, ...func(*cloudfront.Options)) (*cloudfront.GetPublicKeyOutput, error) {
	if a.empty {
		return &cloudfront.GetPublicKeyOutput{}, a.err()
	}
	return &cloudfront.GetPublicKeyOutput{PublicKey: &types.PublicKey{PublicKeyConfig: &types.PublicKeyConfig{CallerReference: aws.String("by hand"), EncodedKey: aws.String("PEM")}}}, a.err()
}

func (a *account) ListDistributionsByKeyGroup(_ context.Context, in *cloudfront.ListDistributionsByKeyGroupInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsByKeyGroupOutput, error) {
	if a.empty || a.fails != "" {
		return &cloudfront.ListDistributionsByKeyGroupOutput{}, a.err()
	}
	page := len(aws.ToString(in.Marker))
	list := &types.DistributionIdList{Items: a.trusting[page], IsTruncated: aws.Bool(page+1 < len(a.trusting))}
	if *list.IsTruncated {
		list.NextMarker = aws.String(strings.Repeat("x", page+1))
	}
	return &cloudfront.ListDistributionsByKeyGroupOutput{DistributionIdList: list}, nil
}

func (a *account) GetParameterHistory(_ context.Context, in *ssm.GetParameterHistoryInput, _ ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error) {
	if a.fails != "" {
		return nil, a.err()
	}
	page := len(aws.ToString(in.NextToken))
	out := &ssm.GetParameterHistoryOutput{}
	for i, text := range a.versions[page] {
		out.Parameters = append(out.Parameters, ssmtypes.ParameterHistory{Version: int64(page*10 + i + 1), Value: aws.String(text)})
	}
	if page+1 < len(a.versions) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, nil
}

const document = `{"schema":1,"baseUrl":"https://d111111abcdef8.cloudfront.net","keyPairId":"K1","algorithm":"ecdsa-p256","hash":"sha256",
	"publicKeySha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","key":{"file":"key.pem"}}`

func TestAllPagesAreRead(t *testing.T) {
	a := &account{trusting: [][]string{{"E1", "E2"}, {"E3"}, {}, {"E4"}}, versions: [][]string{{document, "not a document"}, {document}}}
	r := &Reader{a, a}
	if ids, err := r.Trusting(t.Context(), "group"); err != nil || !slices.Equal(ids, []string{"E1", "E2", "E3", "E4"}) {
		t.Errorf("distributions %q, %v", ids, err)
	}
	versions, err := r.History(t.Context(), "/signedfront/media/dev")
	if err != nil || len(versions) != 3 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	if versions[0].Document == nil || versions[1].Document != nil || versions[2].Document == nil || versions[2].Number != 11 {
		t.Errorf("versions %+v", versions)
	}
}

func TestAnAnswerWithoutWhatWasAskedForIsAnError(t *testing.T) {
	a := &account{empty: true}
	r := &Reader{a, a}
	for name, call := range calls(r) {
		if err := call(t.Context(), "K1"); name != "History" && err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func calls(r *Reader) map[string]func(ctx context.Context, id string) error {
	return map[string]func(ctx context.Context, id string) error{
		"KeyGroup":  func(ctx context.Context, id string) error { _, err := r.KeyGroup(ctx, id); return err },
		"PublicKey": func(ctx context.Context, id string) error { _, err := r.PublicKey(ctx, id); return err },
		"Trusting":  func(ctx context.Context, id string) error { _, err := r.Trusting(ctx, id); return err },
		"History": func(ctx context.Context, id string) error {
			if r.SSM.(*account).empty {
				return nil
			}
			_, err := r.History(ctx, id)
			return err
		},
	}
}

func TestARefusedCallNamesItsActionAndItsCode(t *testing.T) {
	a := &account{fails: "AccessDenied"}
	r := &Reader{a, a}
	for name, action := range map[string]string{
		"KeyGroup": "cloudfront:GetKeyGroup", "PublicKey": "cloudfront:GetPublicKey",
		"Trusting": "cloudfront:ListDistributionsByKeyGroup", "History": "ssm:GetParameterHistory",
	} {
		err := calls(r)[name](t.Context(), "K1")
		var failed *CallError
		if !errors.As(err, &failed) || failed.Action != action || failed.Resource != "K1" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := action + ` on K1 answered AccessDenied`; failed.Error() != want {
			t.Errorf("got %s, want %s", failed, want)
		}
	}
}

func TestWhatThereIsNotIsToldApart(t *testing.T) {
	for name, test := range map[string]struct {
		code string
		want error
	}{
		"KeyGroup": {"NoSuchResource", ErrNoKeyGroup}, "PublicKey": {"NoSuchPublicKey", ErrNoPublicKey}, "History": {"ParameterNotFound", ErrNoParameter},
	} {
		a := &account{fails: test.code}
		if err := calls(&Reader{a, a})[name](t.Context(), "K1"); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		a.fails = "AccessDenied"
		if err := calls(&Reader{a, a})[name](t.Context(), "K1"); errors.Is(err, test.want) {
			t.Errorf("%s: what may not be read is taken for missing", name)
		}
	}
}

func TestNoErrorShowsAKeyThatAReaderIsHanded(t *testing.T) {
	read := func(call string) func(text string) []any {
		return func(text string) (back []any) {
			for _, code := range []string{"AccessDenied", "NoSuchResource", "NoSuchPublicKey", "ParameterNotFound"} {
				a := &account{fails: code}
				back = append(back, calls(&Reader{a, a})[call](context.Background(), text))
			}
			a := &account{empty: true}
			return append(back, calls(&Reader{a, a})[call](context.Background(), text))
		}
	}
	leaktest.Run(t, ".", map[string]func(text string) []any{
		"Reader.KeyGroup": read("KeyGroup"), "Reader.PublicKey": read("PublicKey"), "Reader.Trusting": read("Trusting"), "Reader.History": read("History"),
		"New": nil, // keeps the configuration of the SDK
	})
}
