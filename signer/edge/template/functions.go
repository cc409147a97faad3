package template

import (
	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

const noFunctions = "the local edge runs no functions, and a function may decide access"

// readFunction reads the only function that the edge knows, that of package
// escapes. The whole code must match: another function could have the same name or
// tag.
func (r *resolver) readFunction(associations property) *escapes.Filter {
	var found *escapes.Filter
	for _, p := range associations.array() {
		event, arn := p.get("EventType"), p.get("FunctionARN")
		if when, known := r.quietly(event); r.foreign != nil && known && when == "viewer-response" {
			r.foreign.name("%s: the local edge runs no functions, so this one is left out", p.at)
			continue
		}
		function, ok := r.resource(arn.text(), "AWS::CloudFront::Function")
		if !ok {
			arn.wrong("the template has no such function: " + noFunctions)
			continue
		}
		filter, ours := escapes.ParseFilter(function.get("FunctionCode").text())
		runtime, published := function.get("FunctionConfig").get("Runtime"), function.get("AutoPublish")
		switch {
		case !ours:
			function.get("FunctionCode").wrong("%s: want the function that refuses escapes in public paths, as this version of signedfront writes it", noFunctions)
		case runtime.text() != escapes.Runtime:
			runtime.wrong("%s: want %s", redact.Quote(runtime.text()), escapes.Runtime)
		case !published.flag():
			published.wrong("the function is not published: want true")
		case event.text() != "viewer-request":
			event.wrong("%s: want viewer-request: at any other event the function runs too late", redact.Quote(event.text()))
		case found != nil:
			event.wrong("the behavior has two functions for viewer requests: want one")
		}
		found = &filter
	}
	return found
}
