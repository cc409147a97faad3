package keyguard_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/constructs/customresource/customresourcetest"
	"github.com/signedfront/signedfront/constructs/keyguard"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

// The stack of the tests, whose UUID starts with the salt.
const (
	stackID   = customresourcetest.StackID
	salt      = "0f51a2d0"
	parameter = "/signedfront/signedfront/dev"
	groupID   = "b1d9a7f2-5c4e-4d57-9e2a-0a1b2c3d4e5f"

	day = 24 * time.Hour

	// What a key waits for, with the default bounds: before it signs, and after
	// its last signature with the limits of usual.
	readyAfter   = 15*time.Minute + 2*time.Minute + time.Second
	retiredAfter = time.Hour + 7*day + 15*time.Minute + 4*time.Minute + 2*time.Second
)

// reference is the caller reference of a public key: digit stands for what is in
// it.
func reference(number int, digit string) string {
	return fmt.Sprintf("signedfront-dev-key-%d-%s-%s", number, salt, strings.Repeat(digit, 64))
}

// document returns a deployment document as a stack writes it.
func document(keyPairID string) *signer.Deployment {
	return &signer.Deployment{
		Schema:          signer.DeploymentSchema,
		BaseURL:         "https://d111111abcdef8.cloudfront.net",
		KeyPairID:       keyPairID,
		Algorithm:       signer.ECDSAP256,
		Hash:            signer.SHA256,
		PublicKeySHA256: strings.Repeat("a", 64),
		Key:             signer.KeyLocation{KMSARN: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		MaxURLLifetime:  int64(7 * day / time.Second),
		MaxKeyAge:       int64(time.Hour / time.Second),
	}
}

// account is an account in memory: an Account, and the services through ServeHTTP. It
// records each call.
type account struct {
	customresourcetest.CloudFormation

	status    string
	exports   map[string]string
	resources map[string]string // physical ids
	group     rotation.KeyGroup
	keys      map[string]awsrotation.PublicKey
	history   []rotation.Version
	trusting  []string

	calls []string
	fail  map[string]error // by the methods, or by the calls
	heals time.Time        // when nothing fails any more, if it is not zero
	takes time.Duration    // each call
	log   bytes.Buffer
}

// inUse is an account with a stack whose first key has signed for thirty days,
// since the second one is trusted.
func inUse() *account {
	began := time.Now().Add(-30 * day).Truncate(time.Second)
	return &account{
		status:    "UPDATE_IN_PROGRESS",
		exports:   map[string]string{},
		resources: map[string]string{"Group1A": groupID, "Document2B": parameter, "Distribution3C": "E1"},
		group:     rotation.KeyGroup{Members: []string{"K1", "K2"}, Modified: began},
		keys: map[string]awsrotation.PublicKey{
			"K1": {CallerReference: reference(1, "a"), Created: began},
			"K2": {CallerReference: reference(2, "b"), Created: began},
		},
		history:  []rotation.Version{{Number: 1, Modified: began, Document: document("K1")}},
		trusting: []string{"E1"},
		fail:     map[string]error{},
	}
}

// documents adds a version of the document, which took its place so long ago.
func (a *account) documents(ago time.Duration, d *signer.Deployment) {
	a.history = append(a.history, rotation.Version{Number: int64(len(a.history) + 1), Modified: time.Now().Add(-ago).Truncate(time.Second), Document: d})
}

func call[T any](a *account, name, on string, answer T, err error) (T, error) {
	a.calls = append(a.calls, name+" "+on)
	time.Sleep(a.takes)
	if a.heals.IsZero() || time.Now().Before(a.heals) {
		err = cmp.Or(a.fail[name+" "+on], a.fail[name], err)
	}
	if err != nil {
		answer = *new(T)
	}
	return answer, err
}

// missing returns the error for a resource that does not exist.
func missing(there bool, err error) error {
	if there {
		return nil
	}
	return err
}

func (a *account) Stack(_ context.Context, id string) (keyguard.Stack, error) {
	return call(a, "Stack", id, keyguard.Stack{Status: a.status, Exports: a.exports}, missing(id == stackID, customresource.ErrNoStack))
}

func (a *account) Resource(_ context.Context, stack, id string) (string, error) {
	found := a.resources[id]
	if id == "" {
		return "", errors.New("no logical id")
	}
	return call(a, "Resource", id, found, missing(stack == stackID && found != "", keyguard.ErrNoResource))
}

func (a *account) KeyGroup(_ context.Context, id string) (rotation.KeyGroup, error) {
	return call(a, "KeyGroup", id, a.group, missing(id == groupID, errors.New("no such key group")))
}

func (a *account) PublicKey(_ context.Context, id string) (awsrotation.PublicKey, error) {
	key, there := a.keys[id]
	return call(a, "PublicKey", id, key, missing(there, awsrotation.ErrNoPublicKey))
}

func (a *account) History(_ context.Context, name string) ([]rotation.Version, error) {
	return call(a, "History", name, a.history, missing(a.history != nil && name == parameter, awsrotation.ErrNoParameter))
}

func (a *account) Trusting(_ context.Context, id string) ([]string, error) {
	return call(a, "Trusting", id, a.trusting, nil)
}

// properties are those of a stack whose current key is one of these, by their
// numbers and what is in them: "1a", "2b".
func properties(current string, keys ...string) map[string]any {
	references := map[string]any{}
	for _, key := range keys {
		references[key[:1]] = reference(int(key[0]-'0'), key[1:])
	}
	return map[string]any{
		"ServiceToken":                 "arn:aws:lambda:eu-central-1:111122223333:function:signedfront-dev-KeyGuard",
		"ServiceTimeout":               "120",
		contract.KeyGroupLogicalID:     "Group1A",
		contract.DocumentLogicalID:     "Document2B",
		contract.DistributionLogicalID: "Distribution3C",
		contract.DocumentName:          parameter,
		contract.KeyMode:               contract.OwnKeys,
		contract.CallerReferences:      references,
		contract.CurrentKey:            current,
		contract.MarginSeconds:         "900",
		contract.MaxURLLifetimeSeconds: "604800",
		contract.MaxKeyAgeSeconds:      "3600",
	}
}

// but returns properties with some of them replaced.
func but(properties map[string]any, others ...any) map[string]any {
	changed := maps.Clone(properties)
	for i := 0; i < len(others); i += 2 {
		changed[others[i].(string)] = others[i+1]
	}
	return changed
}

// deliver is one delivery of a request to the function, and its answer.
func (a *account) deliver(t *testing.T, in keyguard.Account, kind cfn.RequestType, properties map[string]any) customresourcetest.Answer {
	t.Helper()
	e := a.Event(kind, properties)
	if kind != cfn.RequestCreate {
		e.PhysicalResourceID = contract.KeyGuardID
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	h := customresource.Handler{Provider: &keyguard.Provider{Account: in}, Log: slog.New(slog.NewJSONHandler(&a.log, nil)), Transport: a.Transport()}
	if err := h.Handle(ctx, e); err != nil || ctx.Err() != nil {
		t.Fatalf("the function did not answer in time: %v", err)
	}
	return a.Answer(t, e)
}

// wantRefused and wantAllowed send a Create and an Update, which are the same.
// All that wantRefused wants must be in the part of the reason that CloudFormation
// shows.
func (a *account) wantRefused(t *testing.T, properties map[string]any, wants ...string) {
	t.Helper()
	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		answer := a.deliver(t, a, kind, properties)
		if answer.Status != cfn.StatusFailed {
			t.Errorf("%s: allowed: %s", kind, a.log.String())
		}
		for _, want := range wants {
			if !strings.Contains(answer.Reason, want) {
				t.Errorf("%s: got  %s\nwant %s", kind, answer.Reason, want)
			}
		}
	}
	a.wantStatusFirst(t)
}

func (a *account) wantAllowed(t *testing.T, properties map[string]any) {
	t.Helper()
	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		if answer := a.deliver(t, a, kind, properties); answer.Status != cfn.StatusSuccess || answer.PhysicalResourceID != contract.KeyGuardID || answer.Data != nil {
			t.Errorf("%s: got %s", kind, answer.Body)
		}
	}
	a.wantStatusFirst(t)
}

// wantStatusFirst checks that a stack that is rolled back is known before anything
// else can fail.
func (a *account) wantStatusFirst(t *testing.T) {
	t.Helper()
	if len(a.calls) == 0 || a.calls[0] != "Stack "+stackID {
		t.Errorf("it called %q", a.calls)
	}
}

func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ServeHTTP speaks the services' protocols. Every list comes in pages of two.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		if r.Header.Get("X-Amz-Target") != "" {
			json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "swordfish"})
			return
		}
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>swordfish</Message></Error></ErrorResponse>", code)
	}
	// refused reports whether a call failed, by a code of AWS or by our error for
	// what is not there.
	refused := func(err error) bool {
		switch {
		case err == nil:
			return false
		case errors.Is(err, keyguard.ErrNoResource), errors.Is(err, customresource.ErrNoStack):
			fail("ValidationError")
		case errors.Is(err, awsrotation.ErrNoPublicKey):
			fail("NoSuchPublicKey")
		case errors.Is(err, awsrotation.ErrNoParameter):
			fail("ParameterNotFound")
		default:
			fail(err.Error())
		}
		return true
	}
	xmlTime := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	ctx, path := r.Context(), strings.Split(strings.TrimPrefix(r.URL.Path, "/2020-05-31/"), "/")
	switch {
	case r.Method == http.MethodPut:
		a.CloudFormation.ServeHTTP(w, r)
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetParameterHistory"):
		var in struct{ Name, NextToken string }
		json.NewDecoder(r.Body).Decode(&in)
		history, err := a.History(ctx, in.Name)
		if refused(err) {
			return
		}
		page, next := page(history, in.NextToken)
		parameters := []any{}
		for _, v := range page {
			value := []byte("not a document")
			if v.Document != nil {
				value, _ = json.Marshal(v.Document)
			}
			parameters = append(parameters, map[string]any{"Name": in.Name, "Version": v.Number, "Value": string(value), "LastModifiedDate": float64(v.Modified.UnixMilli()) / 1000})
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		out := map[string]any{"Parameters": parameters}
		if next != "" {
			out["NextToken"] = next
		}
		json.NewEncoder(w).Encode(out)
	case r.Method == http.MethodPost && r.FormValue("Action") == "DescribeStacks":
		stack, err := a.Stack(ctx, r.FormValue("StackName"))
		if refused(err) {
			return
		}
		fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>%s</StackId><StackStatus>%s</StackStatus><Outputs>", stackID, stack.Status)
		for name, value := range stack.Exports {
			fmt.Fprintf(w, "<member><OutputKey>Out</OutputKey><OutputValue>%s</OutputValue><ExportName>%s</ExportName></member>", value, name)
		}
		fmt.Fprint(w, "<member><OutputKey>Plain</OutputKey><OutputValue>1</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>")
	case r.Method == http.MethodPost && r.FormValue("Action") == "DescribeStackResource":
		id, err := a.Resource(ctx, r.FormValue("StackName"), r.FormValue("LogicalResourceId"))
		if refused(err) {
			return
		}
		id, status, _ := strings.Cut(id, " ")
		if status == "" {
			status = "UPDATE_COMPLETE"
		}
		fmt.Fprintf(w, "<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail><PhysicalResourceId>%s</PhysicalResourceId><ResourceStatus>%s</ResourceStatus></StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>", id, status)
	case path[0] == "key-group" && r.Method == http.MethodGet:
		group, err := a.KeyGroup(ctx, path[1])
		if refused(err) {
			return
		}
		items := ""
		for _, id := range group.Members {
			items += "<PublicKey>" + id + "</PublicKey>"
		}
		fmt.Fprintf(w, "<KeyGroup><Id>%s</Id><LastModifiedTime>%s</LastModifiedTime><KeyGroupConfig><Name>n</Name><Items>%s</Items></KeyGroupConfig></KeyGroup>", path[1], xmlTime(group.Modified), items)
	case path[0] == "public-key" && r.Method == http.MethodGet:
		key, err := a.PublicKey(ctx, path[1])
		if refused(err) {
			return
		}
		fmt.Fprintf(w, "<PublicKey><Id>%s</Id><CreatedTime>%s</CreatedTime><PublicKeyConfig><CallerReference>%s</CallerReference><Name>n</Name><EncodedKey>k</EncodedKey></PublicKeyConfig></PublicKey>", path[1], xmlTime(key.Created), key.CallerReference)
	case path[0] == "distributionsByKeyGroupId" && r.Method == http.MethodGet:
		all, err := a.Trusting(ctx, path[1])
		if refused(err) {
			return
		}
		page, next := page(all, r.FormValue("Marker"))
		items := ""
		for _, id := range page {
			items += "<DistributionId>" + id + "</DistributionId>"
		}
		fmt.Fprintf(w, "<DistributionIdList><Marker></Marker><NextMarker>%s</NextMarker><MaxItems>2</MaxItems><IsTruncated>%t</IsTruncated><Quantity>%d</Quantity><Items>%s</Items></DistributionIdList>", next, next != "", len(page), items)
	default:
		fail("AccessDenied")
	}
}

// page returns two of all, from a token on, and the token of what follows.
func page[T any](all []T, token string) (part []T, next string) {
	start := 0
	fmt.Sscanf(token, "after-%d", &start)
	end := min(start+2, len(all))
	if end < len(all) {
		next = fmt.Sprintf("after-%d", end)
	}
	return slices.Clone(all[start:end]), next
}
