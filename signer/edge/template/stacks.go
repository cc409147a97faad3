package template

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

var (
	accounts = regexp.MustCompile(`^([0-9]{12})?$`)
	regions  = regexp.MustCompile(`^([a-z]{2,4}(-[a-z]+)+-[0-9]{1,2})?$`)
)

// Check returns an error for an invalid account or Region.
func (s Stack) Check() error {
	at := ""
	if s.Name != "" {
		at = "stack " + redact.Name(s.Name) + ": "
	}
	switch {
	case !accounts.MatchString(s.Account):
		return fmt.Errorf("%saccount: %s: want 12 digits", at, redact.Quote(s.Account))
	case !regions.MatchString(s.Region):
		return fmt.Errorf("%sregion: %s: want an AWS Region, such as eu-west-1", at, redact.Quote(s.Region))
	}
	return nil
}

// cloud is what all stacks share: the state that AWS would have.
type cloud struct {
	keys   func(KeyPair) (*signer.PrivateKey, error)
	given  map[string]*signer.PublicKey // Options.PublicKeys
	asked  map[string]bool              // the ids of keys that are not of the template
	others []Stack
	opened map[int]*resolver // by index in others

	owners   map[string]owner              // by physical id
	public   map[string]*signer.PublicKey  // by key pair id
	private  map[string]*signer.PrivateKey // by the public key's fingerprint
	problems []error
	reported map[string]bool // by error text
}

// owner is a resource and its stack.
type owner struct {
	r  *resolver
	id string // logical
}

func newCloud(o Options) *cloud {
	return &cloud{
		keys:    o.Keys,
		given:   o.PublicKeys,
		asked:   make(map[string]bool),
		others:  o.Others,
		opened:  make(map[int]*resolver),
		owners:  make(map[string]owner),
		public:  make(map[string]*signer.PublicKey),
		private: make(map[string]*signer.PrivateKey),

		reported: make(map[string]bool),
	}
}

// resource returns the properties of a resource of any stack, by its physical id.
func (c *cloud) resource(physicalID, kind string) (property, bool) {
	o, ok := c.owners[physicalID]
	if !ok || o.r.Resources[o.id].Type != kind {
		return property{}, false
	}
	return o.r.properties(o.id), true
}

// getStackOutput returns an output of another stack:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html
func (r *resolver) getStackOutput(at string, arg any) (any, error) {
	object, _ := arg.(map[string]any)
	var names [3]string
	for i, member := range []string{"StackName", "OutputName", "Region"} {
		value, given := object[member]
		if !given && member == "Region" {
			continue
		}
		var err error
		if names[i], err = r.text(at+"."+member, value); err != nil {
			return nil, err
		}
	}
	stack, output, region := names[0], names[1], names[2]
	other, err := r.findOther(stack, region)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	v, err := other.output(output)
	if err != nil {
		return nil, fmt.Errorf("%s: stack %s: %w", at, redact.Name(stack), err)
	}
	return v, nil
}

// importValue returns what another stack of the Region exports:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html
func (r *resolver) importValue(at string, arg any) (any, error) {
	name, err := r.text(at, arg)
	if err != nil {
		return nil, err
	}
	var failures []error
	for i, s := range r.others {
		if !r.stack.anywhere && s.Region != "" && s.Region != r.stack.region {
			continue
		}
		other, err := r.openOther(i)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", at, err))
			continue
		}
		output, exported := other.exported(name)
		if !exported {
			continue
		}
		v, err := other.output(output)
		if err != nil {
			return nil, fmt.Errorf("%s: stack %s: %w", at, s.Name, err)
		}
		return v, nil
	}
	missing := fmt.Errorf("%s: the local edge has no stack that exports %s: give it that stack's template", at, signer.Describe(name, signer.FormName))
	return nil, errors.Join(append(failures, missing)...)
}

// exported returns the output that is exported under a name. It skips exports whose
// names the edge cannot resolve.
func (r *resolver) exported(name string) (output string, found bool) {
	for _, id := range slices.Sorted(maps.Keys(r.Outputs)) {
		export := r.Outputs[id].Export
		if export == nil {
			continue
		}
		if named, err := r.text("Outputs."+id+".Export.Name", export.Name); err == nil && named == name {
			return id, true
		}
	}
	return "", false
}

// findOther finds another stack. The default of region is this stack's Region. A
// stack without a Region matches any.
func (r *resolver) findOther(name, region string) (*resolver, error) {
	if region == "" && !r.stack.anywhere {
		region = r.stack.region
	}
	var given []string
	for i, s := range r.others {
		if s.Name == name && (region == "" || s.Region == "" || s.Region == region) {
			return r.openOther(i)
		}
		given = append(given, strings.TrimSuffix(redact.Name(s.Name)+" in "+redact.Name(s.Region), " in "))
	}
	wanted := redact.Name(name)
	if region != "" {
		wanted += " in " + redact.Name(region)
	}
	return nil, fmt.Errorf("the local edge does not have the stack %s: it has %s", wanted, cmp.Or(strings.Join(given, ", "), "no other stack"))
}

// openOther returns the resolver of another stack. It makes each once.
func (r *resolver) openOther(i int) (*resolver, error) {
	if other, ok := r.opened[i]; ok {
		return other, nil
	}
	s := r.others[i]
	t, err := parse(s.Template)
	if err != nil {
		return nil, fmt.Errorf("stack %s: template: %w", redact.Name(s.Name), err)
	}
	at := stack{
		name:     s.Name,
		account:  cmp.Or(s.Account, r.stack.account),
		region:   cmp.Or(s.Region, r.stack.region),
		anywhere: s.Region == "" && r.stack.anywhere,
		other:    true,
	}
	other := newResolver(r.cloud, t, at, "d"+strings.ToLower(at.letters("domain", 13))+".cloudfront.net")
	other.foreign = r.foreign
	r.opened[i] = other
	return other, nil
}
