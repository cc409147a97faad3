package hls

import (
	"bytes"
	"iter"
)

// kind is what a URI leads to.
type kind int

const (
	mediaURI    kind = iota // a resource that the player uses as it is
	playlistURI             // a further playlist, or a list of them
)

// target is a place of a playlist that holds a URI.
type target struct {
	tag       string // empty for the URI line of a segment
	attribute string // empty for a URI line
	kind      kind
}

var (
	segmentLine = target{kind: mediaURI}
	variantLine = target{tag: "EXT-X-STREAM-INF", kind: playlistURI}
)

// tags are the tags with attributes that hold URIs, from RFC 8216 and
// draft-pantos-hls-rfc8216bis, and EXT-X-IMAGE-STREAM-INF, which players support
// though neither document has it.
var tags = func() map[string]map[string]*target {
	m := map[string]map[string]*target{}
	for _, t := range []target{
		{"EXT-X-KEY", "URI", mediaURI},
		{"EXT-X-MAP", "URI", mediaURI},
		{"EXT-X-PART", "URI", mediaURI},
		{"EXT-X-PRELOAD-HINT", "URI", mediaURI},
		{"EXT-X-SESSION-KEY", "URI", mediaURI},
		{"EXT-X-SESSION-DATA", "URI", mediaURI},
		{"EXT-X-CONTENT-STEERING", "SERVER-URI", mediaURI},
		{"EXT-X-MEDIA", "URI", playlistURI},
		{"EXT-X-I-FRAME-STREAM-INF", "URI", playlistURI},
		{"EXT-X-IMAGE-STREAM-INF", "URI", playlistURI},
		{"EXT-X-RENDITION-REPORT", "URI", playlistURI},
		{"EXT-X-DATERANGE", "X-ASSET-URI", playlistURI},
		{"EXT-X-DATERANGE", "X-ASSET-LIST", playlistURI},
		{"EXT-X-DATERANGE", "X-URI", playlistURI},
	} {
		if m[t.tag] == nil {
			m[t.tag] = map[string]*target{}
		}
		m[t.tag][t.attribute] = &t
	}
	return m
}()

// cutTag splits #NAME:LIST of the tags that may matter here.
func cutTag(text []byte) (name, list []byte, ok bool) {
	if !bytes.HasPrefix(text, []byte("#EXT-X-")) {
		return nil, nil, false
	}
	return bytes.Cut(text[1:], []byte(":"))
}

// attribute is one NAME=VALUE of an attribute list. start and end are the position
// of its value in the list, without the quotation marks.
type attribute struct {
	name       []byte
	start, end int
	quoted     bool
}

func (a attribute) value(list []byte) []byte { return list[a.start:a.end] }

// attributes iterates over an attribute list: RFC 8216, section 4.2. A quoted value
// ends at the next quotation mark. White space around names and values is skipped,
// as players do, and so is text that is no attribute. A value with an unclosed
// quotation mark extends to the end and counts as not quoted.
func attributes(list []byte) iter.Seq[attribute] {
	return func(yield func(attribute) bool) {
		for at := 0; at < len(list); {
			equals := bytes.IndexByte(list[at:], '=')
			if equals < 0 {
				return
			}
			name := list[at : at+equals]
			if comma := bytes.LastIndexByte(name, ','); comma >= 0 {
				name = name[comma+1:]
			}
			a := attribute{name: bytes.Trim(name, " \t"), start: at + equals + 1}
			for a.start < len(list) && (list[a.start] == ' ' || list[a.start] == '\t') {
				a.start++
			}
			if a.start < len(list) && list[a.start] == '"' {
				a.start++
				if n := bytes.IndexByte(list[a.start:], '"'); n >= 0 {
					a.end, a.quoted = a.start+n, true
				} else {
					a.end = len(list)
				}
				at = a.end
			} else {
				at = a.start
			}
			if comma := bytes.IndexByte(list[at:], ','); comma >= 0 {
				at += comma
			} else {
				at = len(list)
			}
			if a.end == 0 {
				a.end = at
				for a.end > a.start && isBlank(list[a.end-1]) {
					a.end--
				}
			}
			if !yield(a) {
				return
			}
			at++
		}
	}
}
