package hls

import (
	"errors"
	"fmt"
	"strings"

	"github.com/signedfront/signedfront/signer"
)

// Variables are defined in draft-pantos-hls-rfc8216bis, sections 4.3 and 4.4.2.3.
// They are replaced in URIs before resolving. Variables inside values are not
// replaced.

// variable is a variable of the playlist. known is false for one that it imports
// and that Options.Variables does not have.
type variable struct {
	value string
	known bool
}

// define parses the attribute list line[at:] of an EXT-X-DEFINE. The tag itself
// stays in the playlist: what is not rewritten may need it.
func (rw *rewriter) define(line []byte, at int) error {
	if err := checkAttributes(line, at); err != nil {
		return err
	}
	values := map[string]string{}
	for a := range attributes(line[at:]) {
		switch name := string(a.name); name {
		case "NAME", "VALUE", "IMPORT", "QUERYPARAM":
			if !a.quoted {
				return notQuoted(name)
			}
			values[name] = string(a.value(line[at:]))
		}
	}
	value, hasValue := values["VALUE"]
	name, isDefined := values["NAME"]
	if hasValue != isDefined || hasValue && len(values) != 2 || !hasValue && len(values) != 1 {
		return errors.New("it must have NAME and VALUE, or IMPORT, or QUERYPARAM, and only one of these: write one tag for each variable")
	}
	v := variable{value, true}
	if isDefined {
		var err error
		if v.value, err = rw.expand(value, rw.maxLine); err != nil {
			return err
		}
	} else {
		name = values["IMPORT"] + values["QUERYPARAM"]
		v.value, v.known = rw.o.Variables[name]
		if rw.isOfPass(name, v.value) {
			return fmt.Errorf("the variable %s would be a part of the pass, which the playlist could send to any host: leave it out", signer.Describe(name, signer.FormWord))
		}
	}
	if name == "" || strings.IndexFunc(name, func(c rune) bool { return c > 'z' || !isVariableName(byte(c)) }) >= 0 {
		return errors.New("the name of a variable may have only letters, digits, - and _: write another name")
	}
	if _, ok := rw.variables[name]; ok {
		return fmt.Errorf("the variable %s is defined twice: leave one definition out", signer.Describe(name, signer.FormWord))
	}
	if rw.variables == nil {
		rw.variables = map[string]variable{}
	}
	if rw.definitions += len(name) + len(v.value); rw.definitions > rw.maxLine {
		return fmt.Errorf("the playlist's variables are longer than %d bytes together: set Options.MaxLine", rw.maxLine)
	}
	rw.variables[name] = v
	return nil
}

// isOfPass reports whether a variable from elsewhere has the name of one of the
// pass's parameters, or holds the value of one.
func (rw *rewriter) isOfPass(name, value string) bool {
	for param := range strings.SplitSeq(rw.tailOfQuery[1:], "&") {
		paramName, paramValue, _ := strings.Cut(param, "=")
		if name == paramName || len(paramValue) >= 12 && strings.Contains(value, paramValue) {
			return true
		}
	}
	return false
}

// expandURI replaces the variables of a URI. It returns "" for a URI that leads to
// another host, whatever its other variables are.
func (rw *rewriter) expandURI(uri, prefix string) (string, error) {
	start, _, hasVariables := strings.Cut(uri, "{$")
	if !hasVariables {
		return uri, nil
	}
	origin := splitBase(prefix).origin
	if rw.base.isOutside(start, origin) {
		return "", nil
	}
	expanded, err := rw.expand(uri, min(rw.maxLine, len(origin)+signer.MaxURLLength))
	rw.expanded += len(expanded)
	if budget := budgetPerLine*rw.maxLine + budgetPerByte*rw.read; rw.expanded > budget {
		return "", fmt.Errorf("the variables of the playlist make its URIs longer than %d bytes together: set Options.MaxLine", budget)
	}
	if err != nil && rw.base.isOutside(expanded, origin) {
		return "", nil // nothing after another host leads back to the content's
	}
	return expanded, err
}

// The limit, in bytes, of all URIs with replaced variables: an amount for each byte
// that was read, and an amount for short playlists.
const (
	budgetPerByte = 32
	budgetPerLine = 4
)

// expand replaces the variables in text, up to limit bytes. With an error it
// returns the text before it.
func (rw *rewriter) expand(text string, limit int) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(text, "{$")
		if i < 0 {
			break
		}
		n := i + 2
		for n < len(text) && isVariableName(text[n]) {
			n++
		}
		if n == i+2 || n == len(text) || text[n] != '}' {
			b.WriteString(text[:n])
			text = text[n:]
			continue
		}
		b.WriteString(text[:i])
		name := text[i+2 : n]
		v := rw.variables[name]
		if !v.known {
			return b.String(), fmt.Errorf("the variable %s has no value: define it above, or set Options.Variables for one that is imported", signer.Describe("{$"+name+"}", signer.FormWord))
		}
		text = text[n+1:]
		b.Grow(min(len(v.value)+len(text), limit))
		if b.Len()+len(v.value) > limit {
			b.WriteString(v.value[:max(limit-b.Len(), 0)])
			return b.String(), rw.tooLong(limit)
		}
		b.WriteString(v.value)
	}
	if b.Len()+len(text) > limit {
		return b.String(), rw.tooLong(limit)
	}
	b.WriteString(text)
	return b.String(), nil
}

func (rw *rewriter) tooLong(limit int) error {
	if limit == rw.maxLine {
		return errors.New("with its variables replaced it is longer than a line may be: set Options.MaxLine")
	}
	return errTooLong
}

var errTooLong = fmt.Errorf("with its variables replaced it is longer than %d bytes, which is CloudFront's limit: use shorter values", signer.MaxURLLength)

func isVariableName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
