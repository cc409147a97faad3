package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/signedfront/signedfront/signer/edge/model"
)

// ReadPolicy reads a policy as AWS returns it, JSON without intrinsic functions.
// The name is for error texts, such as "the bucket policy". The error joins all
// problems.
func ReadPolicy(name string, document []byte) (model.Policy, error) {
	if depth(document) > maxDepth {
		return model.Policy{}, fmt.Errorf("%s: JSON nested more than %d deep", name, maxDepth)
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var raw map[string]any
	if err := decoder.Decode(&raw); err != nil {
		return model.Policy{}, fmt.Errorf("%s is not a policy in JSON: %w", name, jsonFault(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return model.Policy{}, fmt.Errorf("%s has text after its JSON object", name)
	}
	r := newResolver(newCloud(Options{}), &template{}, stack{}, "")
	policy := readPolicy(name, property{r: r, at: name, raw: raw})
	return policy, errors.Join(r.problems...)
}
