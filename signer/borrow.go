package signer

import "fmt"

// Borrow returns the document of a deployment that borrows the keys of another:
// d with the keys of the lender, whose document Key.Parameter names. Of each
// limit the lesser counts. All else, such as the base URL and the bucket, is d's
// own. A lender that borrows its key itself is refused: sources follow one hop.
func (d *Deployment) Borrow(lender *Deployment) (*Deployment, error) {
	if lender.Key.Parameter != "" {
		return nil, fmt.Errorf("key.parameter: %s lends a key that it borrows itself, from %s: borrow there",
			unquoted(d.Key.Parameter, FormName), unquoted(lender.Key.Parameter, FormName))
	}
	borrowed := *d
	borrowed.KeyPairID, borrowed.Algorithm, borrowed.Hash = lender.KeyPairID, lender.Algorithm, lender.Hash
	borrowed.PublicKeySHA256, borrowed.Key, borrowed.TrustedKeys = lender.PublicKeySHA256, lender.Key, lender.TrustedKeys
	borrowed.MaxURLLifetime = lesser(d.MaxURLLifetime, lender.MaxURLLifetime)
	borrowed.MaxKeyAge = lesser(d.MaxKeyAge, lender.MaxKeyAge)
	return &borrowed, nil
}

// lesser returns the lesser of two limits, of which 0 is none.
func lesser(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
