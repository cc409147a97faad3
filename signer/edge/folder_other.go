//go:build !unix

package edge

// nonBlocking is nothing where folders hold no pipes.
const nonBlocking = 0
