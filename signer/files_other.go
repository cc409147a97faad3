//go:build !unix

package signer

// nonBlocking is needed only on Unix, which has named pipes in the file system.
const nonBlocking = 0
