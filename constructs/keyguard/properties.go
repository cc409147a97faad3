package keyguard

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
)

// desired describes the keys after the deployment.
type desired struct {
	group, document, distribution string // logical ids

	name        string // the name of the document's parameter
	mode        string
	lender      string         // the lender's parameter, with BorrowedKeys
	references  map[int]string // caller references by number, with the other modes
	current     int
	compromised []int
	alsoTrusted []string      // the ids of trusted keys that the stack does not make
	margin      time.Duration // how long CloudFront's edges may use an older state
}

// desiredOf reads the properties of a request. An error names the first wrong one.
func desiredOf(p customresource.Properties) (d desired, err error) {
	d.mode, d.name, d.lender = p.String(contract.KeyMode), p.String(contract.DocumentName), p.String(contract.LenderName)
	d.group, d.document, d.distribution = p.String(contract.KeyGroupLogicalID), p.String(contract.DocumentLogicalID), p.String(contract.DistributionLogicalID)
	needed := []string{contract.DocumentLogicalID, contract.DistributionLogicalID, contract.DocumentName}
	switch d.mode {
	case contract.OwnKeys, contract.LentKeys:
		needed = append(needed, contract.KeyGroupLogicalID)
	case contract.BorrowedKeys:
		needed = append(needed, contract.LenderName)
	default:
		return d, fmt.Errorf("property %s is %s: want %s, %s or %s", contract.KeyMode, signer.Describe(d.mode, signer.FormWord), contract.OwnKeys, contract.LentKeys, contract.BorrowedKeys)
	}
	for _, name := range needed {
		if p.String(name) == "" {
			return d, fmt.Errorf("property %s is missing", name)
		}
	}
	seconds, _ := strconv.Atoi(p.String(contract.MarginSeconds)) // 0 if it is not a number
	if seconds < 1 || seconds > 24*60*60 {
		return d, fmt.Errorf("property %s is %s: want 1 to 86400 seconds", contract.MarginSeconds, signer.Describe(p.String(contract.MarginSeconds), signer.FormWord))
	}
	d.margin = time.Duration(seconds) * time.Second
	if d.mode == contract.BorrowedKeys {
		return d, nil
	}

	references, _ := p[contract.CallerReferences].(map[string]any)
	d.references = map[int]string{}
	for _, text := range slices.Sorted(maps.Keys(references)) {
		number, err := keyNumber(contract.CallerReferences, text)
		reference, _ := references[text].(string)
		switch {
		case err != nil:
			return d, err
		case reference == "":
			return d, fmt.Errorf("property %s has no caller reference for key %d", contract.CallerReferences, number)
		}
		d.references[number] = reference
	}
	if d.current, err = keyNumber(contract.CurrentKey, p.String(contract.CurrentKey)); err != nil {
		return d, err
	}
	if d.references[d.current] == "" {
		return d, fmt.Errorf("property %s is %d, which %s does not list", contract.CurrentKey, d.current, contract.CallerReferences)
	}
	compromised, _ := p[contract.CompromisedKeys].([]any)
	for i := range compromised {
		number, err := keyNumber(contract.CompromisedKeys, customresource.Properties{"": compromised[i]}.String(""))
		if err != nil {
			return d, err
		}
		d.compromised = append(d.compromised, number)
	}
	also, _ := p[contract.AlsoTrustedKeys].([]any)
	for i := range also {
		id, _ := also[i].(string)
		if id == "" {
			return d, fmt.Errorf("property %s must list ids of public keys", contract.AlsoTrustedKeys)
		}
		d.alsoTrusted = append(d.alsoTrusted, id)
	}
	return d, nil
}

// keyNumber reads a key number as it is written in cdk.json.
func keyNumber(property, text string) (int, error) {
	number, _ := strconv.Atoi(text)
	if number < 1 || strconv.Itoa(number) != text {
		return 0, fmt.Errorf("property %s has %s instead of a key number: want 1 or more", property, signer.Describe(text, signer.FormWord))
	}
	return number, nil
}

// numbers returns the key numbers in order.
func (d desired) numbers() []int { return slices.Sorted(maps.Keys(d.references)) }
