package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// readDeployment finds the deployment document among the template's
// parameters. There may be none.
func (r *resolver) readDeployment(baseURL string) *signer.Deployment {
	var found *signer.Deployment
	var at string
	var failures []error
	for _, id := range r.existing("AWS::SSM::Parameter") {
		place := fmt.Sprintf("Resources.%s.Properties.Value", id)
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
			r.report(fmt.Errorf("%s: %w", place, err))
		case found != nil:
			r.report(fmt.Errorf("%s: a second deployment document: %s is one too", place, at))
		default:
			found, at = d, place
		}
	}
	if found == nil {
		// One of those that could not be read may be the one.
		for _, err := range failures {
			r.report(err)
		}
		return nil
	}
	if err := r.checkDeployment(found); err != nil {
		r.report(fmt.Errorf("%s: %w", at, err))
	}
	found.BaseURL, found.Region = baseURL, ""
	return found
}

// parameterValue resolves the value of a parameter without reporting problems:
// a parameter that is no deployment document need not be one that the edge can
// resolve.
func (r *resolver) parameterValue(id string) (string, error) {
	properties, _ := r.Resources[id].Properties.(map[string]any)
	return r.text("Resources."+id+".Properties.Value", properties["Value"])
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

// checkDeployment checks that the document names one of the template's keys.
func (r *resolver) checkDeployment(d *signer.Deployment) error {
	if d.Key.Parameter != "" {
		return nil // the key is another deployment's
	}
	key, ok := r.public[d.KeyPairID]
	if !ok {
		return fmt.Errorf("keyPairId: %s is not a public key that this template has", d.KeyPairID)
	}
	return d.CheckKey(key)
}

// currentKey is the private key that the deployment signs with.
func (r *resolver) currentKey(d *signer.Deployment) (*signer.PrivateKey, error) {
	if d == nil {
		return nil, errors.New("the template has no deployment document: no AWS::SSM::Parameter holds one")
	}
	for _, pair := range r.pairs {
		if pair.PublicKey().Fingerprint() == d.PublicKeySHA256 {
			return pair, nil
		}
	}
	return nil, errors.New("the deployment signs with a key that the local edge did not make: only its owner has the private half")
}
