package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// jsonObject is a JSON object that is being read into typed values. A member that
// does not fit is reported with its path, and read as if it were left out.
type jsonObject struct {
	node
	members map[string]any
}

func (o jsonObject) has(name string) bool { _, has := o.members[name]; return has }

// only reports every member but the allowed ones.
func (o jsonObject) only(allowed ...string) {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if slices.Contains(allowed, name) {
			continue
		}
		fix := "the settings here are " + strings.Join(allowed, ", ")
		if near := Nearest(name, allowed); near != "" {
			fix = fmt.Sprintf("did you mean %q?", near)
		}
		if within := slices.DeleteFunc(slices.Clone(settingsWith[name]), func(outer string) bool { return !slices.Contains(allowed, outer) }); len(within) > 0 {
			fix = "write it within " + choices(within)
		}
		if now := renamed[name]; slices.Contains(allowed, now) {
			fix = fmt.Sprintf("write %q, its new name", now)
		}
		o.member(name).wrong("unknown setting", fix)
	}
}

// object returns a member that is an object. Want describes what to write instead
// of anything else.
func (o jsonObject) object(name, want string) (value jsonObject, given bool) {
	member, has := o.members[name]
	if !has {
		return jsonObject{node: o.member(name)}, false
	}
	members, given := expect[map[string]any](o.member(name), member, want)
	return jsonObject{o.member(name), members}, given
}

// decoder reads JSON into Environment and the types of its fields.
type decoder struct {
	folder fs.FS // the folder of cdk.json, for files that it names
}

// into reads the settings of a struct. It reports unknown settings.
func (d decoder) into(o jsonObject, target reflect.Value) {
	list := settings(target.Type())
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.name
	}
	o.only(names...)
	for _, s := range list {
		value, given := o.members[s.name]
		holder := target.FieldByIndex(s.field.Index[:len(s.field.Index)-1]).Addr().Interface()
		if content, is := holder.(*Content); is && given && s.field.Name == "Bucket" {
			d.bucket(o.member(s.name), value, content)
			continue
		}
		if given {
			d.value(o.member(s.name), value, target.FieldByIndex(s.field.Index), examples[s.name])
		}
	}
}

// value reads one value. The example is JSON, for the error text.
func (d decoder) value(at node, value any, target reflect.Value, example string) {
	if example != "" {
		example = ", such as " + example
	}
	switch t := target.Addr().Interface().(type) {
	case *SigningKeys:
		if members, ok := expect[map[string]any](at, value, "an object"+example); ok {
			*t = d.signingKeys(jsonObject{at, members})
		}
		return
	case **bool: // nil differs from false
		if read, ok := expect[bool](at, value, "true or false, without quotes"); ok {
			*t = &read
		}
		return
	case **Downloads:
		switch on := value.(type) {
		case bool:
			if on {
				*t = &Downloads{}
			}
		case map[string]any:
			*t = &Downloads{}
			d.into(jsonObject{at, on}, reflect.ValueOf(*t).Elem())
		default:
			at.wrong(describe(value), `write true, or {"types": true}`)
		}
		return
	case *time.Duration:
		if read, ok := readDuration(at, value, cmp.Or(example, `, such as "7d", "12h" or "90m"`)); ok {
			*t = read
		}
		return
	}

	switch target.Kind() {
	case reflect.Bool:
		if read, ok := expect[bool](at, value, "true or false, without quotes"); ok {
			target.SetBool(read)
		}
	case reflect.Int:
		target.SetInt(int64(readNumber(at, value, "a whole number"+example)))
	case reflect.String:
		want := "a string" + example
		if words, is := target.Interface().(interface{ words() []string }); is {
			want = choices(words.words())
		}
		target.SetString(readText(at, value, want))
	case reflect.Pointer:
		if members, ok := expect[map[string]any](at, value, "an object"+example); ok {
			target.Set(reflect.New(target.Type().Elem()))
			d.into(jsonObject{at, members}, target.Elem())
		}
	case reflect.Struct:
		if members, ok := expect[map[string]any](at, value, "an object"+example); ok {
			d.into(jsonObject{at, members}, target)
		}
	case reflect.Slice:
		d.list(at, value, target, example)
	case reflect.Map:
		d.texts(at, value, target, example)
	default:
		panic(fmt.Sprintf("%s: cdk.json cannot hold a %s", at.path, target.Type()))
	}
}

func (d decoder) list(at node, value any, target reflect.Value, example string) {
	items, ok := expect[[]any](at, value, "a list"+example)
	if slices.ContainsFunc(items, isLineOfPrivateKey) {
		at.wrong("a private key, line by line", "remove it, make a new key pair if others could read it, and write a list"+example)
		return
	}
	if ok && len(items) == 0 {
		at.wrong("an empty list", "leave it out, or write a list"+example)
	}
	if len(items) == 0 {
		return
	}
	list := reflect.MakeSlice(target.Type(), len(items), len(items))
	// The example of an item is the example of the list without its brackets.
	example = strings.TrimSuffix(strings.TrimPrefix(example, ", such as ["), "]")
	for i, item := range items {
		d.value(at.index(i), item, list.Index(i), example)
	}
	target.Set(list)
}

func isLineOfPrivateKey(item any) bool {
	line, is := item.(string)
	return is && holdsPrivateKey(line)
}

// texts reads an object with any member names and string values.
func (d decoder) texts(at node, value any, target reflect.Value, example string) {
	members, ok := expect[map[string]any](at, value, "an object"+example)
	if !ok {
		return
	}
	texts := reflect.MakeMap(target.Type())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text := readText(at.member(name), members[name], "a string")
		texts.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(text))
	}
	target.Set(texts)
}

// expect returns value as a T. It reports a value of another JSON type; want
// describes what to write instead.
func expect[T any](at node, value any, want string) (read T, ok bool) {
	read, ok = value.(T)
	if !ok {
		at.wrong(describe(value), "write "+want)
	}
	return read, ok
}

func readText(at node, value any, want string) string {
	text, ok := expect[string](at, value, want)
	switch {
	case !ok:
		return unread
	case text == "":
		at.wrong("an empty string", "leave it out, or write "+want)
		return unread
	case isToken(text):
		at.wrong("a token of the CDK", "write "+want+": only the program that made a token can resolve it")
	}
	return text
}

// readNumber returns a whole number from 1.
func readNumber(at node, value any, want string) int {
	n, ok := expect[float64](at, value, want)
	if ok && (n != math.Trunc(n) || n < 1 || n > math.MaxInt32) {
		at.wrong(describe(n), "write "+want)
		return 0
	}
	return int(n)
}

func readDuration(at node, value any, example string) (time.Duration, bool) {
	want := "a duration in quotes" + example
	text, ok := expect[string](at, value, want)
	if !ok {
		return 0, false
	}
	d, ok := ParseDuration(text)
	switch {
	case !ok && longDuration.MatchString(text):
		at.wrong(quote(text), fmt.Sprintf("write %s or less", FormatDuration(maxDuration)))
		return 0, false
	case !ok:
		at.wrong(quote(text), "write "+want)
		return 0, false
	}
	if d < time.Second {
		// 0 would mean that the setting is left out.
		at.wrong(FormatDuration(d), "write a longer one"+example)
		return 0, false
	}
	return d, true
}

// describe returns a JSON value for an error text.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return quote(v)
	case bool:
		return fmt.Sprint(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return fmt.Sprintf("the number %.0f", v)
		}
		return fmt.Sprintf("the number %g", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", value)
}
