package edgetest

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// CheckPrivate checks that each signed URL opens its object and that nothing else
// opens an object. It reports a test error if an object opens without the
// signature, with a changed byte in one of CloudFront's parameters, after the
// expiry, or with the signature of a key that is not trusted, or if the signature
// of one URL opens an object that no URL names. For a pass, give all the URLs that
// it should open. A policy with wildcards must not open a path outside the deepest
// folder common to its URLs, nor everything, whatever objects the bucket has.
// Objects of public cache behaviors are not checked.
//
// CheckPrivate calls the edge and not the server: Requests does not include its
// requests, and the viewer's address is 127.0.0.1. For many URLs and objects it
// checks ten thousand pairs, and each object with at least one URL.
func (s *Server) CheckPrivate(urls ...string) {
	s.tb.Helper()
	if len(urls) == 0 {
		s.tb.Error("edgetest: CheckPrivate has no URL to check")
	}
	s.check(urls, func(string) []string { return nil })
}

// CheckCookies is CheckPrivate for URLs that signed cookies open. cookies are those
// that a handler of the application set. Cookies that it clears, and cookies whose
// Path does not cover a URL, are not sent. Secure and Domain are ignored: in a
// test, the application and the content have other hosts.
func (s *Server) CheckCookies(cookies []*http.Cookie, urls ...string) {
	s.tb.Helper()
	kept := slices.DeleteFunc(slices.Clone(cookies), func(c *http.Cookie) bool { return c.MaxAge < 0 })
	if len(kept) == 0 || len(urls) == 0 {
		s.tb.Errorf("edgetest: CheckCookies has %d cookies and %d URLs to check", len(kept), len(urls))
	}
	s.check(urls, func(path string) []string {
		var header []string
		for _, c := range kept {
			if coversPath(c.Path, path) {
				header = append(header, c.Name+"="+c.Value)
			}
		}
		return []string{strings.Join(header, "; ")}
	})
}

// coversPath reports whether a browser sends a cookie with this Path in a request.
// https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4
func coversPath(cookie, path string) bool {
	return cookie == "" || path == cookie || strings.HasPrefix(path, strings.TrimSuffix(cookie, "/")+"/")
}

// request is a request that must be refused, and why.
type request struct {
	what string
	edge.Record
}

// check checks URLs. cookies returns the Cookie headers of a request for a path.
func (s *Server) check(urls []string, cookies func(path string) []string) {
	s.tb.Helper()
	var named []string // the paths of urls
	for _, url := range urls {
		target, ok := strings.CutPrefix(url, s.URL)
		if !ok || !strings.HasPrefix(target, "/") {
			// The server's test may be a parent of the running test, so this must
			// not end it.
			s.tb.Errorf("edgetest: %s is not a URL of the server, which is at %s", quoted(path(url)), s.URL)
			return
		}
		named = append(named, path(target))
	}
	var opened []opening
	folders := make(map[string]string) // by the resource of the policy
	for i, url := range urls {
		o := opening{path: named[i], record: s.record(strings.TrimPrefix(url, s.URL), cookies(named[i]))}
		o.x = s.explain(o.record)
		switch {
		case !o.x.Record.Allowed:
			s.tb.Errorf("edgetest: %s does not open: %s", quoted(o.path), o.x.Record.Reason)
			continue
		case o.x.Verdict == nil:
			s.tb.Errorf("edgetest: %s is not private: the cache behavior %s requires no signature", quoted(o.path), redact.Path(o.x.Record.Behavior))
			continue
		}
		opened = append(opened, o)
		folder := folderOf(o.path)
		if other, is := folders[o.resource()]; is {
			folder = commonFolder(folder, other)
		}
		folders[o.resource()] = folder
	}
	others := s.otherPaths(named)
	for _, o := range opened {
		// Each URL is tried with a part of the objects, one after another.
		share := min(len(others), 1+pairs/len(urls))
		tried := others[:share]
		others = append(slices.Clip(others[share:]), tried...)
		alone := true
		for _, bad := range s.refused(o.record, o.x, tried) {
			if now := s.explain(bad.Record); now.Record.Allowed && now.Verdict != nil {
				s.tb.Errorf("edgetest: %s opens %s", bad.what, quoted(path(bad.Target)))
				alone = false
			}
		}
		if alone && strings.ContainsAny(o.resource(), "*?") {
			s.checkFolder(o, folders[o.resource()])
		}
	}
}

// opening is a request that opens an object, and its explanation.
type opening struct {
	path   string
	record edge.Record
	x      edge.Explanation
}

// resource returns the resource of the policy.
func (o opening) resource() string { return o.x.Verdict.Statement.Resource }

// checkFolder reports an error if the policy of a request opens a path outside
// folder, or any path in the root folder.
func (s *Server) checkFolder(o opening, folder string) {
	s.tb.Helper()
	const other = "edgetest-other"
	name := strings.TrimPrefix(o.path, folderOf(o.path))
	paths := []string{"/" + other, "/" + other + "/" + name}
	for at := strings.TrimSuffix(folder, "/"); at != ""; at = strings.TrimSuffix(folderOf(at), "/") {
		paths = append(paths, at+"0/"+name) // a pattern that ends in the folder's name matches this too
		if above := folderOf(at); above != "/" {
			paths = append(paths, above+other, above+other+"/"+name)
		}
	}
	for _, path := range paths {
		r := o.record
		if r.Target = path; !o.x.Verdict.Cookies {
			_, query, _ := strings.Cut(o.record.Target, "?")
			r.Target += "?" + query
		}
		if now := s.explain(r); now.Verdict != nil && now.Verdict.Allowed {
			s.tb.Errorf("edgetest: the signature of %s opens %s, if there is such an object", quoted(o.path), quoted(path))
			return
		}
	}
}

// folderOf returns a path up to its last slash.
func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// commonFolder returns the deepest folder that contains two folders, or is one of
// them.
func commonFolder(a, b string) string {
	for !strings.HasPrefix(b, a) {
		a = folderOf(strings.TrimSuffix(a, "/"))
	}
	return a
}

// pairs is the number of URL and object pairs that check tries.
const pairs = 10_000

// record returns a request of a viewer on this machine.
func (s *Server) record(target string, cookies []string) edge.Record {
	return edge.Record{Target: target, Cookies: cookies, RemoteAddr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Time: s.Now()}
}

// refused returns variants of a request that opens an object. None may open an
// object.
func (s *Server) refused(opens edge.Record, x edge.Explanation, others []string) []request {
	s.tb.Helper()
	var list []request
	add := func(what string, change func(r *edge.Record)) {
		r := opens
		change(&r)
		list = append(list, request{what, r})
	}
	add("a URL without a signature", func(r *edge.Record) { r.Target, r.Cookies = path(r.Target), nil })
	add("a URL after its expiry", func(r *edge.Record) { r.Time = x.Verdict.Statement.Expires.Add(time.Second) })
	for _, name := range []string{"Expires", "Policy", "Signature", "Key-Pair-Id"} {
		add("another byte in "+name, func(r *edge.Record) {
			if x.Verdict.Cookies {
				r.Cookies = []string{altered(r.Cookies[0], "CloudFront-"+name+"=", ";")}
			} else {
				r.Target = altered(r.Target, name+"=", "&")
			}
			if slices.Equal(r.Cookies, opens.Cookies) && r.Target == opens.Target { // it has no such parameter
				r.Target, r.Cookies = path(r.Target), nil
			}
		})
	}
	if forged := s.forge(opens.Target); forged != "" {
		add("a key that is not trusted", func(r *edge.Record) { r.Target, r.Cookies = forged, nil })
	}
	_, query, signed := strings.Cut(opens.Target, "?")
	for _, other := range others {
		add("the signature of "+quoted(path(opens.Target)), func(r *edge.Record) {
			if r.Target = other; signed && !x.Verdict.Cookies {
				r.Target += "?" + query
			}
		})
	}
	return list
}

// altered returns a text with one character of a value changed.
func altered(text, name, end string) string {
	before, after, ok := strings.Cut(text, name)
	value, _, _ := strings.Cut(after, end)
	if !ok || value == "" {
		return text
	}
	middle := len(before) + len(name) + len(value)/2
	for _, c := range "17" {
		if text[middle] != byte(c) {
			return text[:middle] + string(c) + text[middle+1:]
		}
	}
	return text
}

// forge returns the target signed with a new key under the deployment's key pair
// id, or "" if there is no such id.
func (s *Server) forge(target string) string {
	s.tb.Helper()
	d := s.Edge.Deployment()
	if d == nil {
		return ""
	}
	key, err := signer.GenerateKey(d.Algorithm)
	if err == nil {
		var strange *signer.Signer
		if strange, err = signer.New(d.KeyPairID, key, &signer.Options{Hash: d.Hash, Now: s.Now}); err == nil {
			var url string
			if url, err = strange.URL(context.Background(), s.URL+path(target), signer.Policy{TTL: time.Minute}); err == nil {
				return strings.TrimPrefix(url, s.URL)
			}
		}
	}
	s.tb.Errorf("edgetest: signing with a key that is not trusted: %v", err)
	return ""
}

// otherPaths returns the paths of the objects that no URL names.
func (s *Server) otherPaths(named []string) []string {
	folder := strings.TrimPrefix(s.Edge.BucketPath(), "/")
	if folder != "" {
		folder += "/"
	}
	known := make(map[string]bool)
	for _, path := range named {
		known[path] = true
	}
	var others []string
	for _, key := range s.objects.Keys() {
		key, within := strings.CutPrefix(key, folder)
		url, err := signer.ObjectURL(s.URL, key)
		if !within || err != nil { // no client can request it
			continue
		}
		if other := strings.TrimPrefix(url, s.URL); !known[other] {
			others = append(others, other)
		}
	}
	return others
}

// quoted returns a path in quotes. A part that may belong to a private key is
// described.
func quoted(path string) string { return strconv.Quote(redact.Path(path)) }

// path returns a URL or a target without its query.
func path(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}
