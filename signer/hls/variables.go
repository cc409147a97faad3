package hls

import (
	"errors"
	"fmt"
	"strings"
)

// Variables are those of draft-pantos-hls-rfc8216bis, sections 4.3 and 4.4.2.3.
// They are replaced in URIs before these are resolved. Values are not looked at
// again for more variables.

// define reads the attribute list of an EXT-X-DEFINE. The tag itself stays in
// the playlist: what is not rewritten may need it.
func (rw *rewriter) define(list []byte) error {
	var name, value string
	var hasName, hasValue bool
	for a := range attributes(list) {
		text := string(a.value(list))
		switch string(a.name) {
		case "NAME":
			name, hasName = text, true
		case "VALUE":
			var err error
			if value, err = rw.expand(text); err != nil {
				return err
			}
			hasValue = true
		case "IMPORT", "QUERYPARAM":
			name, hasName = text, true
			value, hasValue = rw.o.Variables[text]
		}
	}
	if !hasName || !hasValue {
		return nil
	}
	if rw.variables == nil {
		rw.variables = map[string]string{}
	}
	if rw.definitions += len(name) + len(value); rw.definitions > rw.maxLine {
		return fmt.Errorf("the playlist's variables are longer than %d bytes together: set Options.MaxLine", rw.maxLine)
	}
	rw.variables[name] = value
	return nil
}

// expand replaces the variables in a text. With an error it returns the part
// before the variable that has no value.
func (rw *rewriter) expand(text string) (string, error) {
	if !strings.Contains(text, "{$") {
		return text, nil
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "{$")
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		text = text[i:]
		n := 2
		for n < len(text) && isVariableName(text[n]) {
			n++
		}
		if n == 2 || n == len(text) || text[n] != '}' {
			b.WriteString(text[:n])
			text = text[n:]
			continue
		}
		value, ok := rw.variables[text[2:n]]
		if !ok {
			return b.String(), fmt.Errorf("the variable {$%.64s} has no value: define it above, or set Options.Variables for one that is imported", text[2:n])
		}
		b.WriteString(value)
		text = text[n+1:]
		if b.Len()+len(text) > rw.maxLine {
			return "", errors.New("with its variables replaced it is longer than a line may be: set Options.MaxLine")
		}
	}
	b.WriteString(text)
	return b.String(), nil
}

func isVariableName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
