package keypair

import (
	"crypto/sha256"
	"fmt"
	"strconv"

	"github.com/signedfront/signedfront/constructs/contract"
)

// token returns the id of the version of the secret that a Create stores: a UUID that is
// the same for every delivery of one Create, so Secrets Manager accepts only one key
// from all of them. It has version 8, for custom UUIDs:
// https://www.rfc-editor.org/rfc/rfc9562#section-5.8
//
// A deployed generation is found again by its token, so its inputs must never change.
func token(stackID, logicalID, secretID string, number int) string {
	id := digest("token", stackID, logicalID, secretID, strconv.Itoa(number))
	id[6] = id[6]&0x0f | 0x80 // version
	id[8] = id[8]&0x3f | 0x80 // variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

// physicalID returns the physical id of the key pair of one generation in one secret of
// one stack. It must never change: CloudFormation would see another resource.
func physicalID(stackID, secretID string, number int) string {
	id := digest("key pair", stackID, secretID, strconv.Itoa(number))
	return fmt.Sprintf("%s%d:%x", contract.SigningKeyPairID, number, id[:16])
}

// digest returns the SHA-256 of words. Each word is preceded by its length, so that
// different lists have different digests.
func digest(words ...string) []byte {
	h := sha256.New()
	for _, word := range words {
		fmt.Fprintf(h, "%d:%s", len(word), word)
	}
	return h.Sum(nil)
}
