//go:build race

package main_test

// Tests that look for races look for them in the built program, too.
var buildFlags = []string{"-race"}
