package hls

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/signer"
)

// Options configures Rewrite. The zero value of each field is its default; a nil
// *Options means all defaults.
type Options struct {
	// Playlist returns the URI of a further playlist as the application serves it,
	// or "" to leave the reference unchanged. It is called for every http and https
	// reference to a playlist, on any host. Its error ends the rewriting.
	//
	// It should depend on its argument alone: players match rendition reports with
	// renditions by their URLs.
	//
	// The URI must have one meaning to every player: only characters of RFC 3986,
	// no user name, not two slashes at its start, and a host after https: or http:.
	// In a playlist with EXT-X-CONTENT-STEERING a signed URL is refused, because
	// that tag can send it to any host.
	//
	// If Playlist is nil, a reference to a playlist below the pass's prefix is an
	// error, and other references stay unchanged.
	Playlist func(Reference) (string, error)

	// Variables are the values of the variables that the playlist does not define
	// itself: EXT-X-DEFINE with IMPORT takes them from its multivariant playlist,
	// with QUERYPARAM from the query of the URL that the player requested. Values
	// are not escaped. A variable with the name of a parameter of the pass is
	// refused.
	Variables map[string]string

	// MaxLine is the maximum length of a line in bytes, its ending included; 0
	// means 65,536. It also limits all variables of a playlist together, and each
	// URI after its variables are replaced; such a URI may have at most 8,192
	// bytes, CloudFront's limit. All such URIs of a playlist together may have four
	// times MaxLine plus 32 bytes for each byte of the playlist.
	MaxLine int
}

// Reference is a URI that leads to a further playlist, or to a list of playlists.
type Reference struct {
	// URL is the URI resolved against the playlist's URL, with its variables
	// replaced. A URL below the pass's prefix has passed signer.CheckURL; others
	// are unchecked.
	URL string

	// Tag is the tag of the reference: EXT-X-MEDIA, EXT-X-I-FRAME-STREAM-INF,
	// EXT-X-IMAGE-STREAM-INF, EXT-X-RENDITION-REPORT, EXT-X-DATERANGE, or
	// EXT-X-STREAM-INF for the URI line after that tag.
	Tag string

	// Attribute is the attribute with the URI: URI, or for EXT-X-DATERANGE
	// X-ASSET-URI, X-ASSET-LIST or X-URI, of which the last two lead to JSON. Empty
	// for a URI line.
	Attribute string

	// Line is the number of the line in the playlist, from 1.
	Line int
}

// LineError reports the line of a playlist that cannot be rewritten, and why.
type LineError struct {
	Line int    // from 1
	Tag  string // such as EXT-X-KEY; empty for a URI line
	Err  error
}

func (e *LineError) Error() string {
	if e.Tag != "" {
		return fmt.Sprintf("playlist line %d, %s: %v", e.Line, e.Tag, e.Err)
	}
	return fmt.Sprintf("playlist line %d: %v", e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

const (
	defaultMaxLine = 64 << 10
	writeBuffer    = 32 << 10
)

// Rewrite copies a playlist from r to w and appends the pass to every media URI
// that it covers. playlistURL is the playlist's URL on the content's host, without
// a signature; URIs are resolved against it. The playlist may be read from and
// served at other places.
//
// The error is a *LineError for a URI below the pass's prefix that cannot be
// signed, a changed line that players would read in different ways, a first line
// without #EXTM3U, and a line longer than Options.MaxLine. For an expired pass it
// is signer.ErrExpired. After an error, w has some part of the playlist or nothing.
func Rewrite(w io.Writer, r io.Reader, playlistURL string, pass *signer.Pass, o *Options) error {
	rw, err := newRewriter(playlistURL, pass, o)
	if err != nil {
		return err
	}
	b := newBuffers(rw.maxLine)
	defer b.release()
	b.in.Reset(r)
	b.out.Reset(w)
	in := b.in
	rw.out = b.out
	for {
		text, err := in.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull, len(text) > rw.maxLine:
			rw.line++
			return rw.fail("", fmt.Errorf("longer than %d bytes: set Options.MaxLine", rw.maxLine))
		case err != nil && err != io.EOF:
			return fmt.Errorf("reading the playlist: %w", err)
		}
		if len(text) > 0 || rw.line == 0 {
			rw.line++
			rw.read += len(text)
			if err := rw.rewriteLine(text); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
	}
	return written(rw.out.Flush())
}

// buffers are the buffers of one call of Rewrite. They are reused if they have the
// usual size.
type buffers struct {
	in  *bufio.Reader
	out *bufio.Writer
}

var usualBuffers = sync.Pool{New: func() any {
	return &buffers{bufio.NewReaderSize(nil, defaultMaxLine), bufio.NewWriterSize(nil, writeBuffer)}
}}

func newBuffers(maxLine int) *buffers {
	if maxLine == defaultMaxLine {
		return usualBuffers.Get().(*buffers)
	}
	return &buffers{bufio.NewReaderSize(nil, maxLine), bufio.NewWriterSize(nil, writeBuffer)}
}

func (b *buffers) release() {
	b.in.Reset(nil)
	b.out.Reset(nil)
	if b.in.Size() == defaultMaxLine {
		usualBuffers.Put(b)
	}
}

type rewriter struct {
	out     *bufio.Writer
	pass    *signer.Pass
	base    base
	o       Options
	maxLine int

	line        int
	read        int  // bytes of all lines
	nextVariant bool // the next URI line is a variant stream

	variables   map[string]variable
	definitions int // bytes of all variables that were defined
	expanded    int // bytes of all URIs whose variables were replaced

	steering       int // the line of EXT-X-CONTENT-STEERING, or 0
	signedPlaylist int // the line where Options.Playlist returned a signed URL, or 0

	tail        string // what the pass appends to a URL without a query
	tailOfQuery string // and to one with a query
	dir         string // the playlist's URL up to its last slash
	host        string // the pass's host, without its port
	maxName     int    // maximum length of a file name in dir; 0 if the pass does not cover dir
	asked       []byte // a query whose parameters the pass accepted
}

func newRewriter(playlistURL string, pass *signer.Pass, o *Options) (*rewriter, error) {
	if pass == nil || pass.Prefix() == "" {
		return nil, errors.New("rewriting a playlist: no pass: call Signer.OpenAll for one")
	}
	if err := signer.CheckURL(playlistURL); err != nil {
		return nil, fmt.Errorf("the playlist's URL: %w", err)
	}
	rw := &rewriter{pass: pass, base: splitBase(playlistURL), maxLine: defaultMaxLine}
	if o != nil {
		rw.o = *o
	}
	switch {
	case rw.o.MaxLine < 0:
		return nil, fmt.Errorf("rewriting a playlist: MaxLine is %d: set the bytes of a line, or 0 for %d", rw.o.MaxLine, defaultMaxLine)
	case rw.o.MaxLine > 0:
		rw.maxLine = rw.o.MaxLine
	}
	// The pass appends the same text to every URL.
	signed, err := pass.URL(pass.Prefix())
	if err != nil {
		return nil, err
	}
	rw.tail = signed[len(pass.Prefix()):]
	rw.tailOfQuery = "&" + rw.tail[1:]
	rw.dir = rw.base.origin + rw.base.dir
	rw.host = string(plainHost([]byte(pass.Prefix())))
	if strings.HasPrefix(rw.dir, pass.Prefix()) {
		rw.maxName = signer.MaxURLLength - len(rw.dir) - len(rw.tail)
	}
	return rw, nil
}

func (rw *rewriter) fail(tag string, err error) error {
	return &LineError{Line: rw.line, Tag: tag, Err: err}
}

func written(err error) error {
	if err != nil {
		return fmt.Errorf("writing the playlist: %w", err)
	}
	return nil
}

const (
	byteOrderMark = "\xef\xbb\xbf"
	firstTag      = "#EXTM3U"
	defineTag     = "EXT-X-DEFINE:"
	steeringTag   = "EXT-X-CONTENT-STEERING:"

	shortestDefinition = defineTag + "IMPORT=Policy"
)

// rewriteLine writes one line. text includes the line's ending, if it has one.
func (rw *rewriter) rewriteLine(text []byte) error {
	first := 0
	if rw.line == 1 {
		if bytes.HasPrefix(text, []byte(byteOrderMark)) {
			first = len(byteOrderMark)
		}
		if !bytes.HasPrefix(text[first:], []byte(firstTag)) {
			return rw.fail("", errors.New("not a playlist: it does not start with "+firstTag))
		}
	}
	end := len(text) // of the line, without its LF or CR LF
	if end > first && text[end-1] == '\n' {
		if end--; end > first && text[end-1] == '\r' {
			end--
		}
	}
	if rw.line == 1 && bytes.IndexByte(text[first:end], '\r') >= 0 {
		return rw.fail("", errors.New("a carriage return without a line feed after it, which some players read as the end of a line: write LF or CR LF"))
	}
	start, stop := first, end
	for start < stop && isBlank(text[stop-1]) {
		stop--
	}
	for start < stop && isBlank(text[start]) {
		start++
	}
	exact := start == first && stop == end
	switch {
	case start == stop:
	case text[start] == '#':
		return rw.rewriteTag(text, start, stop, exact)
	case rw.nextVariant:
		rw.nextVariant = false
		return rw.rewriteURI(text, start, stop, exact, &variantLine)
	default:
		return rw.rewriteURI(text, start, stop, exact, &segmentLine)
	}
	_, err := rw.out.Write(text)
	return written(err)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// checkInside looks for tags anywhere in a line. It refuses EXT-X-DEFINE except at
// the start: hls.js finds tags inside lines, Shaka Player accepts any first
// character for the #, and the variable could be a part of the pass.
func (rw *rewriter) checkInside(text []byte) error {
	if len(text) <= len(shortestDefinition) {
		return nil
	}
	if i := bytes.Index(text, []byte(defineTag)); i >= 0 && (i != 1 || text[0] != '#') {
		return rw.fail("", fmt.Errorf("byte %d: EXT-X-DEFINE inside a line, where some players read it: write it at the start of a line, or leave it out", i))
	}
	if rw.o.Playlist != nil && rw.steering == 0 && bytes.Contains(text, []byte(steeringTag)) {
		rw.steering = rw.line
		if err := rw.checkSteering(); err != nil {
			return rw.fail("", err)
		}
	}
	return nil
}

// checkSteering refuses the signed URL of a further playlist in a playlist with
// content steering: a steering manifest replaces the host of such a URL and keeps
// its query: draft-pantos-hls-rfc8216bis, section 7.
func (rw *rewriter) checkSteering() error {
	if rw.steering == 0 || rw.signedPlaylist == 0 {
		return nil
	}
	return fmt.Errorf("EXT-X-CONTENT-STEERING in line %d can send the signed URL of line %d to any host: leave the tag out, or return URLs without a signature from Options.Playlist",
		rw.steering, rw.signedPlaylist)
}

// substitute is the replacement of a URI.
type substitute struct {
	text string
	keep bool   // the URI itself follows the text
	tail string // the parameters of the pass, or empty
}

// put writes text[last:start] and the substitute of the URI text[start:end].
func (rw *rewriter) put(text []byte, last, start, end int, s *substitute) {
	rw.out.Write(text[last:start])
	rw.out.WriteString(s.text)
	if s.keep {
		rw.out.Write(text[start:end])
	}
	rw.out.WriteString(s.tail)
}

// writeLine writes a line with the substitute of the URI text[start:end].
func (rw *rewriter) writeLine(text []byte, start, end int, s *substitute) error {
	rw.put(text, 0, start, end, s)
	_, err := rw.out.Write(text[end:])
	return written(err)
}

// rewriteURI writes a line in which text[start:end] is a URI. exact means that the
// line has nothing else.
func (rw *rewriter) rewriteURI(text []byte, start, end int, exact bool, t *target) error {
	if s, ok := rw.plain(text[start:end], t); ok && exact {
		return rw.writeLine(text, start, end, &s)
	}
	if err := rw.checkInside(text); err != nil {
		return err
	}
	s, ok, err := rw.substitute(text[start:end], t)
	switch {
	case err != nil:
		return rw.fail(t.tag, err)
	case !ok:
		_, err := rw.out.Write(text)
		return written(err)
	case !exact:
		return rw.fail(t.tag, errBlank)
	}
	return rw.writeLine(text, start, end, &s)
}

// rewriteTag writes a line in which text[start:end] is a tag or a comment. exact
// means that the line has nothing else.
func (rw *rewriter) rewriteTag(text []byte, start, end int, exact bool) error {
	if err := rw.checkInside(text); err != nil {
		return err
	}
	name, list, ok := cutTag(text[start:end])
	if !ok {
		_, err := rw.out.Write(text)
		return written(err)
	}
	offset := end - len(list)
	last := 0 // how much of text is written
	switch tag := tags[string(name)]; {
	case string(name) == "EXT-X-STREAM-INF":
		rw.nextVariant = true
	case string(name) == "EXT-X-DEFINE":
		err := errBlank
		if exact {
			err = rw.define(text[:end], offset)
		}
		if err != nil {
			return rw.fail("EXT-X-DEFINE", err)
		}
	case tag != nil:
		for a := range attributes(list) {
			t := tag[string(a.name)]
			if t == nil {
				continue
			}
			s, ok, err := rw.substitute(a.value(list), t)
			switch {
			case err != nil:
				return rw.fail(t.tag, err)
			case !ok:
				continue
			case !exact:
				return rw.fail(t.tag, errBlank)
			case !a.quoted:
				return rw.fail(t.tag, notQuoted(t.attribute))
			}
			if last == 0 {
				if err := checkAttributes(text[:end], offset); err != nil {
					return rw.fail(t.tag, err)
				}
			}
			rw.put(text, last, offset+a.start, offset+a.end, &s)
			last = offset + a.end
		}
	}
	_, err := rw.out.Write(text[last:])
	return written(err)
}

// plain handles the two forms of media URIs that most playlists have and that need
// no resolving: the substitute's text before them makes a URL that the pass covers.
func (rw *rewriter) plain(uri []byte, t *target) (s substitute, ok bool) {
	if t.kind != mediaURI {
		return s, false
	}
	prefix, before := rw.pass.Prefix(), ""
	name := uri
	switch {
	case len(uri) > len(prefix) && string(uri[:len(prefix)]) == prefix:
		name, ok = uri[len(prefix):], len(uri)+len(rw.tail) <= signer.MaxURLLength
	default:
		before, ok = rw.dir, len(uri) <= rw.maxName
	}
	query, isPlain := isPlainURI(name)
	switch {
	case !ok || !isPlain:
		return s, false
	case query == 0:
		return substitute{before, true, rw.tail}, true
	}
	return substitute{before, true, rw.tailOfQuery}, haveSameNames(name[query:], rw.asked)
}

// haveSameNames reports whether two queries have the same parameter names in the
// same order. An empty name never matches.
func haveSameNames(a, b []byte) bool {
	for {
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] && a[n] != '=' && a[n] != '&' {
			n++
		}
		if n == 0 || n < len(a) && a[n] != '=' && a[n] != '&' || n < len(b) && b[n] != '=' && b[n] != '&' {
			return false
		}
		i, j := bytes.IndexByte(a[n:], '&'), bytes.IndexByte(b[n:], '&')
		if i < 0 || j < 0 {
			return i == j
		}
		a, b = a[n+i+1:], b[n+j+1:]
	}
}

// isElsewhere reports whether uri is a media URI on another host, in its usual
// form. Such URIs stay unchanged. It may miss some.
func (rw *rewriter) isElsewhere(uri []byte, t *target) bool {
	if t.kind != mediaURI {
		return false
	}
	host := plainHost(uri)
	return host != nil && string(host) != rw.host
}

// substitute returns the substitute of a URI. ok is false if the URI stays
// unchanged.
func (rw *rewriter) substitute(uri []byte, t *target) (s substitute, ok bool, err error) {
	if s, ok := rw.plain(uri, t); ok {
		return s, true, nil
	}
	if rw.isElsewhere(uri, t) {
		return s, false, nil
	}
	url, err := rw.replace(string(uri), t)
	s.text = url
	switch {
	case t.kind == playlistURI:
	case strings.Contains(url, "?"):
		s.tail = rw.tailOfQuery
	default:
		s.tail = rw.tail
	}
	return s, url != "", err
}

// replace returns the text to write in place of one URI, before the pass is
// appended, or "" to leave the URI.
func (rw *rewriter) replace(uri string, t *target) (string, error) {
	prefix := rw.pass.Prefix()
	expanded, err := rw.expandURI(uri, prefix)
	if expanded == "" || err != nil {
		return "", err
	}
	url, ok := rw.base.resolve(expanded)
	if !ok {
		return "", nil
	}
	full := schemeOf(expanded) != ""
	if !full && !strings.HasPrefix(expanded, "//") {
		url = canonical(url, len(rw.base.origin), expanded)
	}
	covered := strings.HasPrefix(url, prefix)
	if covered || strings.HasPrefix(normalize(url), prefix) {
		signable := url
		if full {
			signable = expanded // a full URL is signed unchanged or not at all
		}
		if err := signer.CheckURL(signable); err != nil {
			return "", fmt.Errorf("a URI below the pass's prefix that cannot be signed: %w", err)
		}
	}
	switch {
	case t.kind == mediaURI && covered:
		if strings.Contains(url, escapedVariable) {
			return "", errEscapedVariable
		}
		_, query, _ := strings.Cut(url, "?")
		if query != "" && !haveSameNames([]byte(query), rw.asked) || len(url)+len(rw.tail) > signer.MaxURLLength {
			// The pass knows which parameters reach the bucket.
			if _, err := rw.pass.URL(url); err != nil {
				return "", err
			}
			rw.asked = append(rw.asked[:0], query...)
		}
		return url, nil
	case t.kind == mediaURI:
		return "", nil
	case rw.o.Playlist != nil:
		other, err := rw.o.Playlist(Reference{URL: url, Tag: t.tag, Attribute: t.attribute, Line: rw.line})
		if err != nil || other == "" {
			return "", err
		}
		return other, rw.checkReplacement(other)
	case covered:
		return "", errors.New("it leads to a further playlist, which must be rewritten too: set Options.Playlist")
	}
	return "", nil
}
