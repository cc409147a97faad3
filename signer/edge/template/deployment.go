package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// readDeployment finds the deployment document among the template's
// parameters, and follows it to the lender's if it borrows its key. There may be
// none.
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
		// One of those that could not be read may be the one.
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

// parameterValue resolves the value of a parameter without reporting problems:
// a parameter that is no deployment document need not be one that the edge can
// resolve.
func (r *resolver) parameterValue(id string) (string, error) {
	properties, _ := r.Resources[id].Properties.(map[string]any)
	return r.text("Resources."+redact.Name(id)+".Properties.Value", properties["Value"])
}

// isDeployment tells a deployment document from the other texts that a
// parameter may hold.
func isDeployment(text string) bool {
	var document map[string]json.RawMessage
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &document) != nil {
		return false
	}
	return document["baseUrl"] != nil && document["key"] != nil
}

// borrow is the document of a deployment that borrows its key, with the lender's
// key in it.
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

// lenderDocument is the value of a parameter of another stack.
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
			// Others may have names that the edge cannot resolve.
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
	missing := fmt.Errorf("the local edge was given no stack that has the parameter %s: it needs the template of the stack that lends its key", redact.Text(name))
	return "", errors.Join(append(failures, missing)...)
}

// checkDeployment checks that the document names a key that is known.
func (r *resolver) checkDeployment(d *signer.Deployment) error {
	key, ok := r.public[d.KeyPairID]
	if !ok {
		return fmt.Errorf("keyPairId: %s is not a public key that this template has", redact.Text(d.KeyPairID))
	}
	return d.CheckKey(key)
}
