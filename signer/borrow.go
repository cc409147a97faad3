package signer

import "fmt"

// Borrow returns the document of a borrower with its lender's key members: d with
// the keyPairId, algorithm, hash, publicKeySha256, key and trustedKeys of lender,
// whose parameter is d.Key.Parameter. Of each limit the smaller applies. All other
// members are d's. Borrow refuses a lender that borrows its key itself: sources
// follow one hop.
func (d *Deployment) Borrow(lender *Deployment) (*Deployment, error) {
	if lender.Key.Parameter != "" {
		return nil, fmt.Errorf("key.parameter: %s borrows its key itself, from %s: borrow from that environment",
			unquoted(d.Key.Parameter, FormName), unquoted(lender.Key.Parameter, FormName))
	}
	borrowed := *d
	borrowed.KeyPairID, borrowed.Algorithm, borrowed.Hash = lender.KeyPairID, lender.Algorithm, lender.Hash
	borrowed.PublicKeySHA256, borrowed.Key, borrowed.TrustedKeys = lender.PublicKeySHA256, lender.Key, lender.TrustedKeys
	borrowed.MaxURLLifetime = lesser(d.MaxURLLifetime, lender.MaxURLLifetime)
	borrowed.MaxKeyAge = lesser(d.MaxKeyAge, lender.MaxKeyAge)
	return &borrowed, nil
}

// lesser returns the smaller of two limits, where 0 means no limit.
func lesser(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
