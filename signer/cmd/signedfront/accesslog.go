package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// accessLog writes one line for each request of the edge:
//
//	15:04:05 403 GET /rt.png (expired: the URL expired 12s ago)
//
// The parentheses contain the other attributes of the record, each after its name.
// The edge leaves out queries and cookies, which are live credentials.
type accessLog struct{ w io.Writer }

type unloggedKey struct{}

// unlogged marks requests that this program makes itself.
func unlogged(ctx context.Context) context.Context {
	return context.WithValue(ctx, unloggedKey{}, true)
}

func (a accessLog) Enabled(ctx context.Context, _ slog.Level) bool {
	return ctx.Value(unloggedKey{}) == nil
}

func (a accessLog) Handle(_ context.Context, r slog.Record) error {
	attrs := map[string]string{}
	var notes []string
	r.Attrs(func(attr slog.Attr) bool {
		value := printable(attr.Value.String())
		switch attr.Key {
		case "method", "path", "status":
			attrs[attr.Key] = value
		case "reason":
			notes = append(notes, value)
		default:
			notes = append(notes, attr.Key+": "+value)
		}
		return true
	})
	notes = slices.DeleteFunc(notes, func(note string) bool { return note == "" || strings.HasSuffix(note, ": ") })
	line := r.Time.Format("15:04:05 ")
	if path := attrs["path"]; path != "" {
		line += fmt.Sprintf("%s %s %s", attrs["status"], attrs["method"], path)
		if len(notes) > 0 {
			line += " (" + strings.Join(notes, "; ") + ")"
		}
	} else {
		line += printable(strings.TrimSpace(r.Message)) // a message of the server itself
	}
	_, err := io.WriteString(a.w, line+"\n")
	return err
}

func (a accessLog) WithAttrs([]slog.Attr) slog.Handler { return a }
func (a accessLog) WithGroup(string) slog.Handler      { return a }
