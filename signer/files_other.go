//go:build !unix

package signer

// nonBlocking is for named pipes in the file system, which there are on Unix
// alone.
const nonBlocking = 0
