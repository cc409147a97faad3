package main

import "testing"

func TestColorIsForATerminalThatWantsIt(t *testing.T) {
	for _, test := range []struct {
		tty           bool
		noColor, term string
		want          bool
	}{
		{true, "", "xterm", true},
		{true, "1", "xterm", false},
		{true, "", "dumb", false},
		{false, "", "xterm", false},
	} {
		t.Setenv("NO_COLOR", test.noColor)
		t.Setenv("TERM", test.term)
		if got := (&terminal{outIsTTY: test.tty}).color(); got != test.want {
			t.Errorf("%+v: got %t", test, got)
		}
	}
}
