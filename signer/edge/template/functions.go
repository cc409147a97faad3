package template

import (
	"github.com/signedfront/signedfront/constructs/contract/escapes"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

const noFunctions = "the local edge runs no functions, and they may decide who gets what"

// readFunction reads the one function that the edge knows, of package escapes.
// It is known by its whole code: a name or a tag could stand on any other.
func (r *resolver) readFunction(associations property) *escapes.Filter {
	var found *escapes.Filter
	for _, p := range associations.array() {
		event, arn := p.get("EventType"), p.get("FunctionARN")
		if when, known := r.quietly(event); r.foreign != nil && known && when == "viewer-response" {
			r.foreign.name("%s: the local edge runs no functions: it is left out", p.at)
			continue
		}
		function, ok := r.resource(arn.text(), "AWS::CloudFront::Function")
		if !ok {
			arn.wrong("not a function of this template: " + noFunctions)
			continue
		}
		filter, ours := escapes.ParseFilter(function.get("FunctionCode").text())
		runtime, published := function.get("FunctionConfig").get("Runtime"), function.get("AutoPublish")
		switch {
		case !ours:
			function.get("FunctionCode").wrong("%s: it knows the one that refuses escapes in public paths, as this version of signedfront writes it", noFunctions)
		case runtime.text() != escapes.Runtime:
			runtime.wrong("%s: want %s", redact.Quote(runtime.text()), escapes.Runtime)
		case !published.flag():
			published.wrong("the function is not published: want true")
		case event.text() != "viewer-request":
			event.wrong("%s: want viewer-request: elsewhere the function comes too late", redact.Quote(event.text()))
		case found != nil:
			event.wrong("the behavior has a function for viewer requests already")
		}
		found = &filter
	}
	return found
}
