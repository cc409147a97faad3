package cdkapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// The files that the CDK's command line reads.
const (
	configFile  = "cdk.json"
	contextFile = "cdk.context.json" // values of lookups
	userFile    = ".cdk.json"        // in the home folder
)

// config is the configuration that changes a template.
type config struct {
	app     string // a shell command
	build   string // a shell command to run before app; may be empty
	context map[string]any
}

// readConfig reads and merges the files as the CDK's command line does. For
// settings and context, cdk.json overrides the user's .cdk.json. Context of lookups
// overrides .cdk.json, and cdk.json overrides it. told overrides all context.
func readConfig(dir, home string, told map[string]string) (*config, error) {
	file := filepath.Join(dir, configFile)
	project, err := readObject(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", redact.File(dir), ErrNoApp)
	}
	if err != nil {
		return nil, err
	}
	looked, err := readOptional(filepath.Join(dir, contextFile))
	if err != nil {
		return nil, err
	}
	user := map[string]any{}
	if home != "" {
		if user, err = readOptional(filepath.Join(home, userFile)); err != nil {
			return nil, err
		}
	}

	settings := map[string]any{"pathMetadata": true, "assetMetadata": true, "versionReporting": true}
	merge(settings, user)
	merge(settings, project)

	c := &config{context: map[string]any{}}
	for _, context := range []any{user["context"], looked, project["context"]} {
		if context == nil {
			continue
		}
		object, ok := context.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: context: want an object", redact.File(file))
		}
		merge(c.context, object)
	}
	for name, value := range told {
		c.context[name] = value
	}
	// The settings and the context that each becomes.
	for setting, names := range map[string]struct{ on, off string }{
		"pathMetadata":     {on: "aws:cdk:enable-path-metadata"},
		"assetMetadata":    {on: "aws:cdk:enable-asset-metadata"},
		"versionReporting": {on: "aws:cdk:version-reporting", off: "aws:cdk:disable-version-reporting"},
	} {
		switch value := settings[setting]; {
		case value == true:
			c.context[names.on] = true
		case value != false:
			return nil, fmt.Errorf("%s: %s: want true or false", redact.File(file), setting)
		case names.off != "":
			c.context[names.off] = true
		}
	}
	c.context["aws:cdk:bundling-stacks"] = []any{}
	c.context["@aws-cdk/core:failSynthOnValidationErrors"] = false

	if c.app, err = shellLine(settings["app"]); err != nil || c.app == "" {
		return nil, fmt.Errorf("%s: app: want the command that runs the CDK app, such as \"go run cdk.go\"", redact.File(file))
	}
	if c.build, err = shellLine(project["build"]); err != nil {
		return nil, fmt.Errorf("%s: build: want a command", redact.File(file))
	}
	return c, nil
}

// shellLine returns a command, which is a string or a list of words. Words are
// joined without quoting.
func shellLine(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any:
		words := make([]string, len(v))
		for i, word := range v {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, " "), nil
	}
	return "", errors.New("not a command")
}

// merge copies everything from from into into. It merges objects member by member.
func merge(into, from map[string]any) {
	for name, value := range from {
		object, ok := value.(map[string]any)
		if !ok {
			into[name] = value
			continue
		}
		inner, ok := into[name].(map[string]any)
		if ok {
			inner = maps.Clone(inner)
		} else {
			inner = map[string]any{}
		}
		merge(inner, object)
		into[name] = inner
	}
}

func readOptional(file string) (map[string]any, error) {
	object, err := readObject(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return object, err
}

func readObject(file string) (map[string]any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", redact.File(file), cause(err))
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, fmt.Errorf("%s: want an object", redact.File(file))
		}
		return nil, fmt.Errorf("%s: %w", place(redact.File(file), text, err), err)
	}
	return object, nil
}

// place returns the file with the line and column of an error of encoding/json, if
// known.
func place(file string, text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return file
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - 1 - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s:%d:%d", file, line, max(column, 1))
}
