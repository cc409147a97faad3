package main

// The rules of this command line:
//
//   - Standard output has only the result.
//   - Standard error has everything else: progress, where things are, hints, the
//     log of requests. Only a terminal gets lines rewritten in place.
//   - An error is "signedfront: error: " and what is wrong; on the next line
//     "signedfront: hint: " and what to do. No capital first, no full stop at
//     the end, no stack.
//   - The exit status is 0 if it is done, 1 if it failed, 2 if the command line
//     is wrong; explain also has 3, for a request that is denied, and status and
//     doctor, for an environment in which something is wrong.
//   - Color is only for a terminal without NO_COLOR, and repeats what the words
//     say: https://no-color.org
//   - If the command line is wrong, a last line names the help to read.
//   - Private keys are never written to either. Signed URLs go only to standard
//     output, and the log leaves queries out.
//   - A value of the command line or the environment is quoted in a message if
//     signer.Describe would quote it, and described otherwise.
//   - A name in a listing that would not print as it is, such as one with
//     control characters, is quoted.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// terminal is where the program writes and reads.
type terminal struct {
	in       *os.File
	out      io.Writer
	err      io.Writer
	inIsTTY  bool
	outIsTTY bool
	errIsTTY bool
	withheld func() withheld // of its arguments and environment
}

func newTerminal(args []string) *terminal {
	return &terminal{
		withheld: sync.OnceValue(func() withheld { return withhold(args, os.Environ()) }),
		in:       os.Stdin,
		out:      os.Stdout,
		err:      &lockedWriter{w: os.Stderr},
		inIsTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		outIsTTY: term.IsTerminal(int(os.Stdout.Fd())),
		errIsTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// color reports whether standard output may have colors.
func (t *terminal) color() bool {
	return t.outIsTTY && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// lockedWriter keeps concurrently written lines whole.
type lockedWriter struct {
	mu     sync.Mutex
	w      io.Writer
	status string // the line rewritten in place; empty: none
}

func (l *lockedWriter) Write(b []byte) (n int, err error) {
	l.above(func() { n, err = l.w.Write(b) })
	return n, err
}

// above writes whole lines above the status line.
func (l *lockedWriter) above(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.status == "" {
		write()
		return
	}
	io.WriteString(l.w, eraseLine)
	write()
	io.WriteString(l.w, l.status)
}

// setStatus writes the status of a terminal in place of what it was.
func (l *lockedWriter) setStatus(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = text
	io.WriteString(l.w, eraseLine+text)
}

const eraseLine = "\r\033[K"

// setStatus replaces the status line if standard error is a terminal.
func (t *terminal) setStatus(text string) {
	if l, is := t.err.(*lockedWriter); is {
		l.setStatus(text)
	} else {
		io.WriteString(t.err, eraseLine+text)
	}
}

// print writes whole lines to standard output, above a status line on the same
// terminal.
func (t *terminal) print(text []byte) (err error) {
	write := func() { _, err = t.out.Write(text) }
	if l, is := t.err.(*lockedWriter); is && t.outIsTTY && t.errIsTTY {
		l.above(write)
	} else {
		write()
	}
	return err
}

// notef prints a note about what is being done or where something is.
func (t *terminal) notef(format string, args ...any) {
	io.WriteString(t.err, "signedfront: "+t.withheld().clean(fmt.Sprintf(format, args...))+"\n")
}

// failure is an error with a hint.
type failure struct {
	err   error
	hint  string
	usage bool // the command line is wrong
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// report writes the error of a command and returns the exit status.
func (t *terminal) report(cmd *cobra.Command, err error) int {
	t.notef("error: %v", err)
	var f *failure
	if !errors.As(err, &f) {
		return 1
	}
	if f.hint != "" {
		t.notef("hint: %s", f.hint)
	}
	if !f.usage {
		return 1
	}
	if cmd.Name() == "help" {
		cmd = cmd.Root()
	}
	t.notef("help: run `%s --help`", cmd.CommandPath())
	return 2
}

// progress shows what is being done and for how many seconds: in place on a
// terminal, otherwise one line every other second. tell changes the text. end ends
// it and prints the total time. If done is empty, the caller prints the start and
// the end.
func (t *terminal) progress(doing, done string) (tell func(doing string), end func(ok bool)) {
	start, last := time.Now(), time.Time{}
	var mu sync.Mutex
	write := func() {
		if t.errIsTTY {
			t.setStatus(fmt.Sprintf("signedfront: %s %s", t.withheld().clean(doing), seconds(time.Since(start))))
		} else if last.IsZero() {
			t.notef("%s", doing)
		} else {
			t.notef("%s %s", doing, seconds(time.Since(start)))
		}
		last = time.Now()
	}
	if done != "" || t.errIsTTY {
		write()
	} else {
		last = start
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		every := silence
		if t.errIsTTY {
			every = time.Second
		}
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				mu.Lock()
				write()
				mu.Unlock()
			}
		}
	}()
	tell = func(what string) {
		mu.Lock()
		defer mu.Unlock()
		doing = what
		if t.errIsTTY && time.Since(last) > silence/10 {
			write()
		}
	}
	return tell, func(ok bool) {
		cancel()
		<-stopped
		if t.errIsTTY {
			t.setStatus("")
		}
		if ok && done != "" {
			t.notef("%s in %s", done, seconds(time.Since(start)))
		}
	}
}

// silence is the time without output after which progress prints a line.
const silence = 1500 * time.Millisecond

func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Round(time.Second).Seconds())) }

// printable returns a text unchanged if it can be printed as it is, and quoted
// otherwise.
func printable(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return strconv.Quote(s)
		}
	}
	return s
}
