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

// CheckPrivate reports an error of the test unless each of the signed URLs opens
// its object and nothing else opens one: neither a URL without its signature,
// with another byte in one of CloudFront's parameters, after its time or signed
// with a key of somebody else, nor the signature of one URL put to any object of
// the bucket that none of the URLs names. With the URLs of a pass, give all that
// it is to open. A policy with wildcards must open no object outside the folder
// that has all the URLs it is used for, whether the bucket has one there or not, and
// so none that opens all. Objects that a cache behavior opens to all are left out.
//
// The check asks the edge, not the server: it is none of Requests, and takes the
// viewer for one at 127.0.0.1. Of many URLs and many objects it tries ten thousand
// pairs, each object with some URL.
func (s *Server) CheckPrivate(urls ...string) {
	s.tb.Helper()
	if len(urls) == 0 {
		s.tb.Error("edgetest: CheckPrivate has no URL to check")
	}
	s.check(urls, func(string) []string { return nil })
}

// CheckCookies is CheckPrivate for URLs that signed cookies open, as a handler of
// the application has set them. Those that it clears are not sent, nor to a URL
// those of another Path. Secure and Domain are not looked at: the application and
// the content have other hosts in a test.
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

// coversPath reports whether a browser sends a cookie of a Path with a request.
// https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4
func coversPath(cookie, path string) bool {
	return cookie == "" || path == cookie || strings.HasPrefix(path, strings.TrimSuffix(cookie, "/")+"/")
}

// request is one that must be refused, and what is wrong with it.
type request struct {
	what string
	edge.Record
}

// check checks URLs with the Cookie headers that a request for a path has.
func (s *Server) check(urls []string, cookies func(path string) []string) {
	s.tb.Helper()
	var named []string // the paths of the URLs
	for _, url := range urls {
		target, ok := strings.CutPrefix(url, s.URL)
		if !ok || !strings.HasPrefix(target, "/") {
			// The test that has the server may be the parent of the one that runs, whose
			// end it cannot be.
			s.tb.Errorf("edgetest: %s is not a URL of the server, which is at %s", quoted(path(url)), s.URL)
			return
		}
		named = append(named, path(target))
	}
	var opened []opening
	folders := make(map[string]string) // by the resources of policies
	for i, url := range urls {
		o := opening{path: named[i], record: s.record(strings.TrimPrefix(url, s.URL), cookies(named[i]))}
		o.x = s.explain(o.record)
		switch {
		case !o.x.Record.Allowed:
			s.tb.Errorf("edgetest: %s does not open: %s", quoted(o.path), o.x.Record.Reason)
			continue
		case o.x.Verdict == nil:
			s.tb.Errorf("edgetest: %s is not private: the cache behavior %s asks for no signature", quoted(o.path), redact.Path(o.x.Record.Behavior))
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

// opening is a request that opens an object, with what the edge says of it.
type opening struct {
	path   string
	record edge.Record
	x      edge.Explanation
}

// resource is that of the policy.
func (o opening) resource() string { return o.x.Verdict.Statement.Resource }

// checkFolder reports an error if the policy of a request opens what is outside a
// folder, or in the folder that has all.
func (s *Server) checkFolder(o opening, folder string) {
	s.tb.Helper()
	const other = "edgetest-other"
	name := strings.TrimPrefix(o.path, folderOf(o.path))
	paths := []string{"/" + other, "/" + other + "/" + name}
	for at := strings.TrimSuffix(folder, "/"); at != ""; at = strings.TrimSuffix(folderOf(at), "/") {
		paths = append(paths, at+"0/"+name) // a pattern that ends in the folder's name opens this too
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

// folderOf is a path up to its last slash.
func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// commonFolder is the deepest folder that has two others, or is one of them.
func commonFolder(a, b string) string {
	for !strings.HasPrefix(b, a) {
		a = folderOf(strings.TrimSuffix(a, "/"))
	}
	return a
}

// pairs is how many times a URL's signature is put to another object.
const pairs = 10_000

// record is a request of a viewer on this machine.
func (s *Server) record(target string, cookies []string) edge.Record {
	return edge.Record{Target: target, Cookies: cookies, RemoteAddr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Time: s.Now()}
}

// refused are requests that are like one that opens an object, and must not open
// any.
func (s *Server) refused(opens edge.Record, x edge.Explanation, others []string) []request {
	s.tb.Helper()
	var list []request
	add := func(what string, change func(r *edge.Record)) {
		r := opens
		change(&r)
		list = append(list, request{what, r})
	}
	add("a URL without a signature", func(r *edge.Record) { r.Target, r.Cookies = path(r.Target), nil })
	add("a URL after its time", func(r *edge.Record) { r.Time = x.Verdict.Statement.Expires.Add(time.Second) })
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
		add("the key of somebody else", func(r *edge.Record) { r.Target, r.Cookies = forged, nil })
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

// altered is a text with another character in the middle of a value.
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

// forge signs the object of a target with a key that the edge has never seen,
// under the id of the deployment's. It is empty where there is no such id.
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
	s.tb.Errorf("edgetest: signing with a key of somebody else: %v", err)
	return ""
}

// otherPaths are those of the objects that no URL names.
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
		if !within || err != nil { // no client can ask for it
			continue
		}
		if other := strings.TrimPrefix(url, s.URL); !known[other] {
			others = append(others, other)
		}
	}
	return others
}

// quoted is a path, of which what may be a piece of a private key is described.
func quoted(path string) string { return strconv.Quote(redact.Path(path)) }

// path is a URL, or a target, without its query.
func path(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}
