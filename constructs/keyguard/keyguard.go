// Package keyguard fails a deployment that would have CloudFront refuse viewers,
// before it changes anything: it is the provider of the custom resource
// Custom::KeyGuard. Whether a change of the keys is safe, and from when on, is
// for package rotation to say.
//
// # What it compares
//
// The properties of the resource, those of [contract.KeyGuard], say what the keys
// are to be. They cannot name the key group, the deployment document and the
// distribution, since these wait for the guard, nor a public key that is still to
// be made. So they have logical ids, as text, and for each key its caller
// reference: <name>-key-<number>-<salt>-<SHA-256 of the key>. CloudFront keeps it
// as long as the key, lets nobody change it, and it holds all that makes a key
// another one: the stack, the number, and the key itself.
//
// A key that the account has already, signingKeys.alsoTrust, is known by its id. It
// has no part in the steps of the stack's own keys. Others sign with it, and neither
// the account nor the document tells what, so no time makes its removal safe. The
// same holds for a key that somebody has put into the group by hand.
//
// What the keys are is read from the account: the key group that the stack has,
// the keys in it and the one that the document names, the document's history. A
// key of the properties is the one of these that has its caller reference.
// Where none has it, the key is new, whatever its number. So a key that was
// edited in place is a new key, in the place of one that is removed. A key that is
// to be removed, or is compromised, is found by the number in its caller
// reference.
//
// # What it does not go by
//
// CloudFormation sends a Create where a stack is upgraded to one with a guard, an
// Update with the old properties where it rolls back, and no old properties tell
// what the account has. So Create and Update are the same, and old properties are
// never read. Delete does nothing.
//
// # What it lets pass
//
// A stack that is being created or goes back to what it was, and one without a
// deployment document, of which nobody signs; and each deployment, with a warning
// in the log, while the status of the stack cannot be read: a rollback must not
// fail. Anything else that cannot be read fails the deployment.
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

// Provider judges deployments. It is a customresource.Provider.
type Provider struct {
	Account Account
}

var _ customresource.Provider = (*Provider)(nil)

// Create fails if the deployment would refuse viewers.
func (p *Provider) Create(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return customresource.Response{PhysicalResourceID: contract.KeyGuardID}, p.guard(ctx, r)
}

// Update fails if the deployment would refuse viewers.
func (p *Provider) Update(ctx context.Context, r customresource.Request) (customresource.Response, error) {
	return p.Create(ctx, r)
}

// Delete does nothing.
func (p *Provider) Delete(context.Context, customresource.Request) error { return nil }

func (p *Provider) guard(ctx context.Context, r customresource.Request) error {
	now := time.Now() // before the first read: what is read may be younger, and is never older
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
			todo = "give the function this right"
		}
		return fmt.Errorf(`whether this deployment would refuse viewers is not known: %w: %s, or deploy without it, by "guard": false`, err, todo)
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

// read reads from the account. The rights of a role that is new, or has changed,
// come into force some seconds later.
func read[T any](ctx context.Context, call func() (T, error)) (found T, err error) {
	err = customresource.RetryWhile(ctx, customresource.ErrDenied, func() (err error) {
		found, err = call()
		return err
	})
	return found, err
}

// verdict is what is wrong with a deployment, and what it costs.
type verdict struct {
	faults, lifted []string
	from           time.Time // zero if waiting does not help, or if it is not known for how long
}

func (p *Provider) judge(ctx context.Context, stackID string, now time.Time, stack Stack, d desired) (v verdict, err error) {
	wrong := func(format string, args ...any) { v.faults = append(v.faults, fmt.Sprintf(format, args...)) }

	name, err := p.resource(ctx, stackID, d.document)
	switch {
	case err != nil:
		return v, err
	case name != "" && name != d.name:
		// The function may read the new name alone.
		wrong("the deployment document %s would become %s, whose history does not tell for how long URLs are good: keep its name, or deploy with \"guard\": false once the URLs of every key but the current one have expired",
			signer.Describe(name, signer.FormName), signer.Describe(d.name, signer.FormName))
		return v, nil
	}
	history, err := read(ctx, func() ([]rotation.Version, error) { return p.Account.History(ctx, d.name) })
	switch gone := errors.Is(err, awsrotation.ErrNoParameter); {
	case gone && name == "":
		return v, nil // there is no document yet, and so no signer
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
		return v, fmt.Errorf("the deployment document %s cannot be read, and whose keys sign is not known", signer.Describe(d.name, signer.FormName))
	case d.mode == contract.BorrowedKeys, borrows, group == "":
		wrong("the distribution would trust another key group than the one whose keys the deployment document %s names, and CloudFront would refuse all that they signed: keep the signing keys and the ids of their constructs, or accept that by \"guard\": false",
			signer.Describe(d.name, signer.FormName))
		return v, nil
	}

	o, references, err := p.observe(ctx, stackID, now, group, latest)
	if err != nil {
		return v, err
	}
	o.History, o.Bounds.Propagation = history, d.margin
	var c rotation.Change
	ids := map[int][]string{} // of the keys in CloudFront, by their numbers; 0 is none of the stack's
	for _, key := range o.PublicKeys {
		ids[key.Number] = append(ids[key.Number], key.ID)
	}
	for _, number := range d.numbers() {
		id := references[d.references[number]]
		if id == "" {
			if was := ids[number]; len(was) > 0 {
				wrong("signing key %d is in CloudFront as %s and would become another key, though CloudFront changes no public key and refuses what the old one signed: put back the key, its algorithm and the name that it has, and give the new key another number",
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
			wrong("public key %s is in alsoTrust and is signing key %d of this stack, which CloudFormation manages: take it out of alsoTrust, and list its number in keys for as long as it is to be trusted",
				signer.Describe(key.ID, signer.FormID), key.Number)
		}
	}
	c.Keys = append(c.Keys, d.alsoTrusted...)
	o.KeyGroup.Members = slices.DeleteFunc(slices.Clone(o.KeyGroup.Members), func(id string) bool {
		// Of a key that CloudFront does not have it is not known whose it was.
		removed := !slices.Contains(c.Keys, id) && slices.Contains(ids[0], id) && slices.Contains(slices.Collect(maps.Values(references)), id)
		if removed {
			wrong("public key %s is in the key group and is not one of the stack's signing keys, so it is not known which of its URLs are good: list it in alsoTrust, or remove it with \"guard\": false once nobody needs them",
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

// resource returns the physical id of a resource of the stack, empty if there is
// none.
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

// lent says what is wrong with a deployment that no longer lends the key group
// that the stack exports, and which other distributions trust. CloudFormation
// would refuse it too, but near its end.
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
	return fmt.Sprintf("the key group %s is lent to the distributions %s%s, and this deployment would %s: let those environments sign with keys of their own, or destroy them, first",
		signer.Describe(exported, signer.FormName), strings.Join(others, ", "), more, would), nil
}

// latestOf is the document of now, nil if it cannot be read.
func latestOf(history []rotation.Version) *signer.Deployment {
	if len(history) == 0 {
		return nil
	}
	return slices.MaxFunc(history, func(a, b rotation.Version) int { return cmp.Compare(a.Number, b.Number) }).Document
}

// observe reads the key group, its members and the key that the document names.
// References are the ids by their caller references.
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
		o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: id, Number: awsrotation.KeyNumber(key.CallerReference, stackID), Created: key.Created})
		if err == nil {
			references[key.CallerReference] = id
		}
	}
	return o, references, nil
}
