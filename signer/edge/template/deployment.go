package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// readDeployment returns the deployment document among the template's parameters,
// or nil if there is none. If the stack borrows its key, the document has the
// lender's.
func (r *resolver) readDeployment(baseURL string) *signer.Deployment {
	var found *signer.Deployment
	var foundAt string
	var failures []error
	for _, id := range r.existing("AWS::SSM::Parameter") {
		at := fmt.Sprintf("Resources.%s.Properties.Value", redact.Name(id))
		text, err := r.parameterValue(id)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if !isDeployment(text) {
			continue
		}
		d, err := signer.ParseDeployment([]byte(text))
		switch {
		case err != nil:
			r.report(fmt.Errorf("%s: %w", at, err))
		case found != nil:
			r.report(fmt.Errorf("%s: a second deployment document: %s is one too", at, foundAt))
		default:
			found, foundAt = d, at
		}
	}
	if found == nil {
		// One of the unreadable parameters may be the document.
		for _, err := range failures {
			r.report(err)
		}
		return nil
	}
	if found.Key.Parameter != "" {
		borrowed, err := r.borrow(found)
		if err != nil {
			r.report(fmt.Errorf("%s: %w", foundAt, err))
			return nil
		}
		found = borrowed
	}
	if err := r.checkDeployment(found); err != nil {
		r.report(fmt.Errorf("%s: %w", foundAt, err))
	}
	found.BaseURL, found.Region, found.Bucket = baseURL, "", nil
	return found
}

// parameterValue returns the value of a parameter. It reports no problem: a
// parameter that is not the deployment document may hold anything.
func (r *resolver) parameterValue(id string) (string, error) {
	properties, _ := r.Resources[id].Properties.(map[string]any)
	return r.text("Resources."+redact.Name(id)+".Properties.Value", properties["Value"])
}

// isDeployment reports whether the value of a parameter is a deployment document.
func isDeployment(text string) bool {
	var document map[string]json.RawMessage
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &document) != nil {
		return false
	}
	return document["baseUrl"] != nil && document["key"] != nil
}

// borrow returns the document of a borrower with the lender's key in it.
func (r *resolver) borrow(d *signer.Deployment) (*signer.Deployment, error) {
	text, err := r.lenderDocument(d.Key.Parameter)
	if err != nil {
		return nil, fmt.Errorf("key.parameter: %w", err)
	}
	lender, err := signer.ParseDeployment([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("key.parameter: %s: %w", redact.Text(d.Key.Parameter), err)
	}
	return d.Borrow(lender)
}

// lenderDocument returns the value of a parameter of another stack.
func (r *resolver) lenderDocument(name string) (string, error) {
	var failures []error
	for i := range r.others {
		other, err := r.openOther(i)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, id := range other.ofType("AWS::SSM::Parameter") {
			properties, _ := other.Resources[id].Properties.(map[string]any)
			// The edge need not resolve the names of other parameters.
			if named, err := other.text("Resources."+redact.Name(id)+".Properties.Name", properties["Name"]); err != nil || named != name {
				continue
			}
			text, err := other.parameterValue(id)
			if err != nil {
				return "", fmt.Errorf("stack %s: %w", redact.Name(other.stack.name), err)
			}
			return text, nil
		}
	}
	missing := fmt.Errorf("the local edge has no stack with the parameter %s: give it the template of the lender", redact.Text(name))
	return "", errors.Join(append(failures, missing)...)
}

// checkDeployment checks that the template has the key that the document names.
func (r *resolver) checkDeployment(d *signer.Deployment) error {
	key, ok := r.public[d.KeyPairID]
	if !ok {
		return fmt.Errorf("keyPairId: the template has no public key %s", redact.Text(d.KeyPairID))
	}
	return d.CheckKey(key)
}
