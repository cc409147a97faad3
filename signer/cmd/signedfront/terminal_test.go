package main

import (
	"bytes"
	"testing"
)

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

// A log line written above the status line neither follows it nor removes it.
func TestLinesAreWrittenAboveTheStatus(t *testing.T) {
	var screen bytes.Buffer
	l := &terminal{out: &screen, err: &lockedWriter{w: &screen}, outIsTTY: true, errIsTTY: true, withheld: func() withheld { return nil }}
	l.setStatus("building ... 1s")
	l.notef("a request")
	if err := l.print([]byte("fresh URLs\n")); err != nil {
		t.Fatal(err)
	}
	l.setStatus("")
	l.notef("built")
	const erase = "\r\x1b[K"
	want := erase + "building ... 1s" + erase + "signedfront: a request\nbuilding ... 1s" + erase + "fresh URLs\nbuilding ... 1s" + erase + "signedfront: built\n"
	if got := screen.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
