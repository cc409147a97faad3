//go:build !unix

package edge

// nonBlocking is zero: folders contain no pipes.
const nonBlocking = 0

// keepsFolders is false: an open folder keeps its name, or files have additional
// short names.
const keepsFolders = false
