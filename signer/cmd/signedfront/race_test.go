//go:build race

package main_test

// buildFlags builds the program with the race detector, as these tests are.
var buildFlags = []string{"-race"}
