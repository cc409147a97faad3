// Package keyguard is the provider of the custom resource Custom::KeyGuard. It fails a
// deployment after which CloudFront would refuse viewers, before the deployment changes
// anything. Package rotation decides whether a change of the keys is safe, and from
// when on.
//
// # What it compares
//
// The properties of the resource, see [contract.KeyGuard], describe the keys after the
// deployment. The key group, the deployment document and the distribution depend on
// the guard, so the properties contain their logical ids as text. A new public key has
// no id yet, so the properties identify each key by its caller reference:
// <name>-key-<number>-<salt>-<SHA-256 of the key>. CloudFront keeps it as long as the
// key, and nobody can change it. It contains everything that distinguishes a key: the
// stack, the number and the key itself.
//
// A key of signingKeys.alsoTrust is identified by its id. It does not take part in the
// rotation of the stack's own keys. Others sign with it, and neither the account nor
// the document shows what they sign, so no time makes its removal safe. The same holds
// for a key that somebody added to the group by hand.
//
// The guard reads the current keys from the account: the stack's key group, the keys in
// it, the key that the document names, and the history of the document. A key of the
// properties is the current key with the same caller reference. If there is none, the
// key is new, whatever its number: a key that was edited in place is a new key that
// replaces another. The guard finds a removed or compromised key by the number in its
// caller reference.
//
// # What it ignores
//
// Create and Update do the same, and the guard never reads the old properties.
// CloudFormation sends a Create if an older stack gets its guard, and an Update with
// the old properties during a rollback, and old properties do not show what the account
// contains. Delete does nothing.
//
// # What it allows
//
// The guard allows every deployment of a stack that is being created or rolled back, or
// that has no deployment document and therefore no signers. It also allows a deployment,
// with a warning in the log, if it cannot read the status of the stack, because a
// rollback must not fail. If it cannot read anything else, the deployment fails.
package keyguard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

// Provider checks deployments. It is a customresource.Provider.
type Provider struct {
	Account Account
}

var _ customresource.Provider = (*Provider)(nil)

// Create fails if CloudFront would refuse viewers after the deployment.
func (p *Provider) Create(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return customresource.Response{PhysicalResourceID: contract.KeyGuardID}, p.guard(ctx, r)
}

// Update does the same as Create.
func (p *Provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p.Create(ctx, r)
}

// Delete does nothing.
func (p *Provider) Delete(context.Context, customresource.Request) error { return nil }

func (p *Provider) guard(ctx context.Context, r customresource.Request) error {
	now := time.Now() // before the first read, so it is never later than the state that is read
	stack, err := read(ctx, func() (Stack, error) { return p.Account.Stack(ctx, r.StackID) })
	switch {
	case err != nil:
		r.Log.Warn("allowed: the status of the stack cannot be read, and it may be rolling back", "cause", err.Error())
		return nil
	case stack.Status == "CREATE_IN_PROGRESS", strings.Contains(stack.Status, "ROLLBACK_"):
		r.Log.Info("allowed: the stack is being created or rolled back", "stackStatus", stack.Status)
		return nil
	}
	d, err := desiredOf(r.Properties)
	if err != nil {
		return err
	}
	v, err := p.judge(ctx, r.StackID, now, stack, d)
	if err != nil {
		todo := "deploy again"
		if errors.Is(err, customresource.ErrDenied) {
			todo = "give the function this permission"
		}
		return fmt.Errorf(`the guard cannot find out whether CloudFront would refuse viewers after this deployment: %w: %s, or deploy without the guard, with "guard": false`, err, todo)
	}
	for _, cost := range v.lifted {
		r.Log.Warn("a compromised key is removed without its wait", "cost", cost)
	}
	if len(v.faults) == 0 {
		r.Log.Info("allowed", "mode", d.mode, "current", d.current, "keys", d.numbers(), "compromised", d.compromised,
			contract.MaxURLLifetimeSeconds, signer.Describe(r.Properties.String(contract.MaxURLLifetimeSeconds), signer.FormWord),
			contract.MaxKeyAgeSeconds, signer.Describe(r.Properties.String(contract.MaxKeyAgeSeconds), signer.FormWord))
		return nil
	}
	r.Log.Warn("refused", "faults", v.faults, "safeFrom", v.from)
	const refused = "this deployment would have CloudFront refuse viewers"
	if v.from.IsZero() {
		return fmt.Errorf("%s: %s", refused, strings.Join(v.faults, "; "))
	}
	return fmt.Errorf("%s before %s, and is safe from then on: %s", refused, v.from.Format(time.RFC3339), strings.Join(v.faults, "; "))
}

// read reads from the account. It retries if access is denied, because new permissions
// of a role take some seconds to become valid.
func read[T any](ctx context.Context, call func() (T, error)) (found T, err error) {
	err = customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		found, err = call()
		return err
	})
	return found, err
}

// verdict is the result of judge: faults fail the deployment, lifted are waits that
// compromised keys skip.
type verdict struct {
	faults, lifted []string
	from           time.Time // when the deployment is safe; zero if waiting does not help or the time is unknown
}

func (p *Provider) judge(ctx context.Context, stackID string, now time.Time, stack Stack, d desired) (v verdict, err error) {
	wrong := func(format string, args ...any) { v.faults = append(v.faults, fmt.Sprintf(format, args...)) }

	name, err := p.resource(ctx, stackID, d.document)
	switch {
	case err != nil:
		return v, err
	case name != "" && name != d.name:
		// The function may read only the parameter with the new name.
		wrong("the deployment document %s would become %s, whose history does not show how long signed URLs are valid: keep its name, or deploy with \"guard\": false once the URLs of every key but the current one have expired",
			signer.Describe(name, signer.FormName), signer.Describe(d.name, signer.FormName))
		return v, nil
	}
	history, err := read(ctx, func() ([]rotation.Version, error) { return p.Account.History(ctx, d.name) })
	switch gone := errors.Is(err, awsrotation.ErrNoParameter); {
	case gone && name == "":
		return v, nil // no document yet, so no signer
	case err != nil && !gone:
		return v, err
	}
	latest := latestOf(history)
	group, err := p.resource(ctx, stackID, d.group)
	if err != nil {
		return v, err
	}

	lent, err := p.lent(ctx, stackID, stack.Exports[contract.KeyGroupExport(d.name)], group, d)
	if err != nil {
		return v, err
	}
	if lent != "" {
		wrong("%s", lent)
	}

	switch borrows := latest != nil && latest.Key.Parameter != ""; {
	case d.mode == contract.BorrowedKeys && borrows && latest.Key.Parameter == d.lender:
		return v, nil
	case d.mode == contract.BorrowedKeys && latest == nil:
		return v, fmt.Errorf("the deployment document %s cannot be read, so it is not known which keys sign", signer.Describe(d.name, signer.FormName))
	case d.mode == contract.BorrowedKeys, borrows, group == "":
		wrong("the distribution would trust another key group than the one whose keys the deployment document %s names, and CloudFront would refuse all that they signed: keep the signing keys and the ids of their constructs, or accept this with \"guard\": false",
			signer.Describe(d.name, signer.FormName))
		return v, nil
	}

	o, references, err := p.observe(ctx, stackID, now, group, latest)
	if err != nil {
		return v, err
	}
	o.History, o.Bounds.Propagation = history, d.margin
	var c rotation.Change
	ids := map[int][]string{} // of the keys in CloudFront by number; 0 for keys that are not the stack's
	for _, key := range o.PublicKeys {
		ids[key.Number] = append(ids[key.Number], key.ID)
	}
	for _, number := range d.numbers() {
		id := references[d.references[number]]
		if id == "" {
			if was := ids[number]; len(was) > 0 {
				wrong("signing key %d is in CloudFront as %s and would become another key, but CloudFront cannot change a public key and would refuse everything that the old key signed: restore the key, its algorithm and its name, and give the new key another number",
					number, signer.Describe(was[0], signer.FormID))
			}
			id = "new key " + strconv.Itoa(number)
			o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: id, Number: number})
		}
		c.Keys = append(c.Keys, id)
		if number == d.current {
			c.Current = id
		}
	}
	for _, key := range o.PublicKeys {
		if key.Number != 0 && slices.Contains(d.alsoTrusted, key.ID) {
			wrong("public key %s is in alsoTrust and is signing key %d of this stack, which CloudFormation manages: remove it from alsoTrust, and list its number in keys as long as it must be trusted",
				signer.Describe(key.ID, signer.FormID), key.Number)
		}
	}
	c.Keys = append(c.Keys, d.alsoTrusted...)
	o.KeyGroup.Members = slices.DeleteFunc(slices.Clone(o.KeyGroup.Members), func(id string) bool {
		// It is unknown whose key it was if CloudFront no longer has it.
		removed := !slices.Contains(c.Keys, id) && slices.Contains(ids[0], id) && slices.Contains(slices.Collect(maps.Values(references)), id)
		if removed {
			wrong("public key %s is in the key group and is not one of the stack's signing keys, so it is not known which of its URLs are valid: list it in alsoTrust, or remove it with \"guard\": false once nobody needs them",
				signer.Describe(id, signer.FormID))
		}
		return removed
	})
	for _, number := range d.compromised {
		c.Compromised = append(c.Compromised, ids[number]...)
	}

	judged := rotation.Judge(o, c)
	if len(v.faults) == 0 {
		v.from = judged.From
	}
	for _, fault := range judged.Faults {
		v.faults = append(v.faults, fault.Error())
	}
	for _, fault := range judged.Lifted {
		v.lifted = append(v.lifted, fault.Error())
	}
	return v, nil
}

// resource returns the physical id of a resource of the stack, or "" if there is none.
func (p *Provider) resource(ctx context.Context, stackID, logicalID string) (string, error) {
	if logicalID == "" {
		return "", nil
	}
	id, err := read(ctx, func() (string, error) { return p.Account.Resource(ctx, stackID, logicalID) })
	if errors.Is(err, ErrNoResource) {
		return "", nil
	}
	return id, err
}

// lent returns a fault if the deployment would no longer lend the exported key group
// while other distributions trust it. CloudFormation would refuse this too, but only
// near the end of the deployment.
func (p *Provider) lent(ctx context.Context, stackID, exported, group string, d desired) (fault string, err error) {
	would := "stop lending it"
	switch {
	case exported == "", exported == group && d.mode == contract.LentKeys:
		return "", nil
	case exported != group:
		would = "replace it"
	}
	own, err := p.resource(ctx, stackID, d.distribution)
	if err != nil {
		return "", err
	}
	trusting, err := read(ctx, func() ([]string, error) { return p.Account.Trusting(ctx, exported) })
	var others []string
	for _, id := range trusting {
		if id != own {
			others = append(others, signer.Describe(id, signer.FormID))
		}
	}
	if len(others) == 0 {
		return "", err
	}
	slices.Sort(others)
	more := ""
	if n := len(others); n > 3 {
		others, more = others[:3], fmt.Sprintf(" and %d more", n-3)
	}
	return fmt.Sprintf("the key group %s is lent to the distributions %s%s, and this deployment would %s: first let those environments sign with their own keys, or destroy them",
		signer.Describe(exported, signer.FormName), strings.Join(others, ", "), more, would), nil
}

// latestOf returns the current document, or nil if it cannot be read.
func latestOf(history []rotation.Version) *signer.Deployment {
	if len(history) == 0 {
		return nil
	}
	return slices.MaxFunc(history, func(a, b rotation.Version) int { return cmp.Compare(a.Number, b.Number) }).Document
}

// observe reads the key group, its members and the key that the document names.
// References maps caller references to the ids of these keys.
func (p *Provider) observe(ctx context.Context, stackID string, now time.Time, group string, latest *signer.Deployment) (o rotation.Observation, references map[string]string, err error) {
	o.Now = now
	if o.KeyGroup, err = read(ctx, func() (rotation.KeyGroup, error) { return p.Account.KeyGroup(ctx, group) }); err != nil {
		return o, nil, err
	}
	ids := slices.Clone(o.KeyGroup.Members)
	if latest != nil && !slices.Contains(ids, latest.KeyPairID) {
		ids = append(ids, latest.KeyPairID)
	}
	references = map[string]string{}
	for _, id := range ids {
		key, err := read(ctx, func() (awsrotation.PublicKey, error) { return p.Account.PublicKey(ctx, id) })
		if err != nil && !errors.Is(err, awsrotation.ErrNoPublicKey) {
			return o, nil, err
		}
		o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: id, Number: contract.KeyNumber(key.CallerReference, stackID), Created: key.Created})
		if err == nil {
			references[key.CallerReference] = id
		}
	}
	return o, references, nil
}
