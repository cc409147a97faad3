// Package sample is what the tests of this program mutate.
package sample

// Opens reports whether a door opens.
func Opens(key, lock int, broken bool) bool {
	if broken {
		return false
	}
	return key == lock && key > 0
}

// Steps counts down, and up where nobody looks.
func Steps(n int) (steps int) {
	for ; n > 0; n-- {
		steps++
	}
	return steps - n
}

// Unused is called by no test.
func Unused(a, b int) bool { return a < b }
