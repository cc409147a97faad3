package edge

import "github.com/signedfront/signedfront/constructs/contract/escapes"

const noFunctions = "the local edge runs no functions, and they may decide who gets what"

// readFunction reads the one function that the edge knows, of package escapes.
// It is known by its whole code: a name or a tag could stand on any other.
func (r *resolver) readFunction(associations property) *escapes.Filter {
	var found *escapes.Filter
	for _, p := range associations.array() {
		event, arn := p.get("EventType"), p.get("FunctionARN")
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
			runtime.wrong("%s: want %s", shown(runtime.text()), escapes.Runtime)
		case !published.flag():
			published.wrong("the function is not published: want true")
		case event.text() != "viewer-request":
			event.wrong("%s: want viewer-request: elsewhere the function comes too late", shown(event.text()))
		case found != nil:
			event.wrong("the behavior has a function for viewer requests already")
		}
		found = &filter
	}
	return found
}

// escapeRefusal is the function's answer to a path that may hide a signed one.
// Whether a custom error response stands in for it is not known.
func escapeRefusal(why error) *refusal {
	return &refusal{
		status:      escapes.Status,
		server:      "CloudFront",
		contentType: escapes.ContentType,
		body:        func(ids) string { return escapes.Body },
		reason:      why.Error(),
		generated:   true,
	}
}
