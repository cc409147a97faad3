//go:build !unix

package edge

// nonBlocking is nothing where folders hold no pipes.
const nonBlocking = 0

// keepsFolders is not set where a folder that is open keeps its name, and where
// files have short names besides.
const keepsFolders = false
