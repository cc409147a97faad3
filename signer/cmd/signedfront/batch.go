package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
)

// Reading URLs from standard input. Groups of lines are signed on all cores and
// written in their order. Only a few groups are in memory, so a list may have any
// length. Before it waits for more input, the program signs and writes what it has
// read, so another program may write a line and read its URL.

const (
	maxInputLine  = 16 << 10 // longer than any URL that CloudFront accepts
	linesOfGroup  = 64
	groupsPerCore = 4
)

// inputLine is a line of standard input and its result.
type inputLine struct {
	number int
	text   string
	err    error
	signed string
}

// lineGroup is a group of lines that are signed in sequence.
type lineGroup struct {
	lines []inputLine
	done  chan struct{} // closed when all of them are signed
}

// signOne signs a URL or an object key. Errors use name for it.
type signOne func(ctx context.Context, arg string, name func() string) (signed string, err error)

// signLines signs each line of standard input and writes the results. It reports a
// line that fails and goes on, unless no line can be signed.
func (t *terminal) signLines(ctx context.Context, sign signOne, write func(w io.Writer, l *inputLine) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cores := runtime.GOMAXPROCS(0)
	todo := make(chan *lineGroup)
	ordered := make(chan *lineGroup, groupsPerCore*cores)
	var readErr error // set before ordered is closed
	go func() {
		defer close(ordered)
		defer close(todo)
		readErr = readGroups(ctx, t.in, todo, ordered)
	}()
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	for range cores {
		workers.Go(func() {
			for {
				select {
				case g, ok := <-todo:
					if !ok {
						return
					}
					g.sign(ctx, sign)
				case <-ctx.Done():
					return
				}
			}
		})
	}

	out := bufio.NewWriterSize(t.out, 64<<10)
	total, failed := 0, 0
	told := map[string]bool{} // hints
	for {
		g, open, err := nextGroup(ctx, ordered, out)
		if err != nil {
			return err
		}
		if !open {
			break
		}
		for i := range g.lines {
			l := &g.lines[i]
			total++
			if l.err == nil {
				if err := write(out, l); err != nil {
					return writing(err)
				}
				continue
			}
			if all := new(everyLine); errors.As(l.err, &all) {
				if err := writing(out.Flush()); err != nil {
					return err
				}
				return all.err
			}
			failed++
			t.tellLine(l.err, told)
		}
	}
	switch err := writing(out.Flush()); {
	case err != nil:
		return err
	case readErr != nil:
		return fmt.Errorf("standard input, after line %d: %w", total, readErr)
	case failed > 0:
		return fmt.Errorf("%d of %d lines of standard input were not signed", failed, total)
	}
	return nil
}

func writing(err error) error {
	if err != nil {
		return fmt.Errorf("writing to standard output: %w", cause(err))
	}
	return nil
}

// nextGroup waits for the next signed group. If it must wait, it flushes out first.
func nextGroup(ctx context.Context, ordered <-chan *lineGroup, out *bufio.Writer) (g *lineGroup, open bool, err error) {
	select {
	case g, open = <-ordered:
	default:
		if err := writing(out.Flush()); err != nil {
			return nil, false, err
		}
		select {
		case g, open = <-ordered:
		case <-ctx.Done():
			return nil, false, errors.New("interrupted")
		}
	}
	if !open {
		return nil, false, nil
	}
	select {
	case <-g.done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // some of its lines may be unsigned
		return nil, false, errors.New("interrupted")
	}
	return g, true, nil
}

// maxHints limits the number of different hints.
const maxHints = 32

// tellLine reports the error of a line, and its hint if it is new.
func (t *terminal) tellLine(err error, told map[string]bool) {
	t.notef("error: %v", err)
	var f *failure
	if errors.As(err, &f) && f.hint != "" && !told[f.hint] && len(told) < maxHints {
		told[f.hint] = true
		t.notef("hint: %s", f.hint)
	}
}

// everyLine is an error that every line would have.
type everyLine struct{ err error }

func (e *everyLine) Error() string { return e.err.Error() }
func (e *everyLine) Unwrap() error { return e.err }

// sign signs the lines of a group.
func (g *lineGroup) sign(ctx context.Context, sign signOne) {
	defer close(g.done)
	for i := range g.lines {
		if ctx.Err() != nil {
			return // nobody waits for them
		}
		l := &g.lines[i]
		if l.err == nil {
			if l.err = checkLine(l.text, l.number); l.err == nil {
				l.signed, l.err = sign(ctx, l.text, func() string { return fmt.Sprintf("line %d, %s", l.number, shown(l.text)) })
			}
		}
	}
}

// checkLine refuses an empty line and one that may be a private key. Nothing is
// signed after the first line of a PEM key.
func checkLine(text string, number int) error {
	switch {
	case text == "":
		return fmt.Errorf("line %d is empty", number)
	case number == 1 && (strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff")):
		return &everyLine{&failure{
			err:  errors.New("standard input is UTF-16"),
			hint: "write the list as UTF-8, as PowerShell does with `Out-File -Encoding utf8`",
		}}
	case strings.Contains(text, "-----BEGIN"):
		return &everyLine{&failure{
			err:  fmt.Errorf("line %d of standard input is %s", number, notShown(text)),
			hint: "give a list of URLs or object keys; to read the key from standard input, write --private-key - and the URLs as arguments",
		}}
	case len(text) <= 1024 && !isURL(text) && looksLikeKey(text): // S3 has no longer keys
		return &failure{
			err:  fmt.Errorf("line %d is %s", number, notShown(text)),
			hint: "if it is an object key, write the whole URL",
		}
	}
	return nil
}

// readGroups reads lines. It sends a group when it is full or no more input is
// waiting.
func readGroups(ctx context.Context, in io.Reader, todo, ordered chan<- *lineGroup) error {
	r := bufio.NewReaderSize(in, maxInputLine)
	for number := 1; ; {
		g := &lineGroup{done: make(chan struct{})}
		var end error
		for len(g.lines) < linesOfGroup {
			text, long, err := readLine(r, number == 1)
			if err != nil && (err != io.EOF || text == "" && !long) {
				end = err
				break
			}
			l := inputLine{number: number, text: text}
			if long {
				l.err = fmt.Errorf("line %d is longer than %d bytes, more than any URL of CloudFront", number, maxInputLine)
			}
			g.lines = append(g.lines, l)
			number++
			if end = err; err != nil || !hasLine(r) {
				break
			}
		}
		if len(g.lines) > 0 {
			for _, to := range []chan<- *lineGroup{ordered, todo} {
				select {
				case to <- g:
				case <-ctx.Done():
					return nil
				}
			}
		}
		switch end {
		case nil:
		case io.EOF:
			return nil
		default:
			return cause(end)
		}
	}
}

// hasLine reports whether the buffer has a whole line.
func hasLine(r *bufio.Reader) bool {
	buffered, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(buffered, '\n') >= 0
}

const byteOrderMark = "\xef\xbb\xbf"

// readLine reads a line without its LF or CR LF. For a line that is too long it
// returns "". The last line needs no line end: it may come with io.EOF.
func readLine(r *bufio.Reader, first bool) (text string, long bool, err error) {
	line, err := r.ReadSlice('\n')
	for err == bufio.ErrBufferFull {
		long = true
		_, err = r.ReadSlice('\n')
	}
	if long {
		return "", true, err
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if first { // which some programs write before a text
		line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	}
	return string(line), false, err
}
