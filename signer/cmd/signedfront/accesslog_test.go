package main

import (
	"bytes"
	"log/slog"
	"testing"
)

func TestTheLogShowsAllThatTheEdgeRecordsOfARequest(t *testing.T) {
	request := []any{"method", "GET", "path", "/rt.png", "status", 200}
	for name, test := range map[string]struct {
		more []any
		want string
	}{
		"nothing":            {[]any{"reason", ""}, "200 GET /rt.png\n"},
		"a reason":           {[]any{"reason", "expired: 12s ago"}, "200 GET /rt.png (expired: 12s ago)\n"},
		"what browsers do":   {[]any{"reason", "", "cors", "a browser refuses it"}, "200 GET /rt.png (cors: a browser refuses it)\n"},
		"both":               {[]any{"reason", "expired: 12s ago", "cors", "a browser refuses it"}, "200 GET /rt.png (expired: 12s ago; cors: a browser refuses it)\n"},
		"an empty other one": {[]any{"cors", ""}, "200 GET /rt.png\n"},
	} {
		var out bytes.Buffer
		slog.New(accessLog{&out}).Info("request", append(request[:len(request):len(request)], test.more...)...)
		if got := out.String()[len("15:04:05 "):]; got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
