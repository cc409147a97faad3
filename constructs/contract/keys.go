package contract

import (
	"regexp"
	"strconv"
	"strings"
)

// callerReference matches the caller reference of a public key that a stack made:
// <name>-key-<number>-<salt>-<SHA-256 of the key>.
var callerReference = regexp.MustCompile(`-key-([1-9][0-9]{0,8})-([0-9a-f]{8})-[0-9a-f]{64}$`)

// KeyName returns the start of the caller reference of a key generation. Package
// constructs appends the salt and the SHA-256, which are known in the deployment alone.
func KeyName(name string, number int) string {
	return name + "-key-" + strconv.Itoa(number)
}

// KeyNumber returns the number of the key generation in a caller reference, or 0 if
// the stack did not make the key. The salt in the reference is the start of the
// UUID that ends the stack's ARN.
func KeyNumber(reference, stackID string) int {
	parts := callerReference.FindStringSubmatch(reference)
	_, id, _ := strings.Cut(stackID, "/")
	_, uuid, _ := strings.Cut(id, "/")
	if salt, _, _ := strings.Cut(uuid, "-"); parts == nil || parts[2] != salt {
		return 0
	}
	number, _ := strconv.Atoi(parts[1])
	return number
}
