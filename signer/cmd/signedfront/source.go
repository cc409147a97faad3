package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/cdkapp"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// target is a stack to serve, with the stacks that it may refer to.
type target struct {
	*cdkapp.Stack
	others []edge.Stack
}

// source is where what is served comes from.
type source struct {
	// first gives what is served at first.
	first func(context.Context) (*target, error)

	// next gives what it has become after a change of the files. Nil: it does not
	// change.
	next func(context.Context) (*target, error)

	// files lists the files that next is made of.
	files func() files

	// compare gives what the app synthesizes where first gives its recorded
	// template. Nil: it does not.
	compare func(context.Context) (*target, error)
}

// source finds out what there is to serve.
func (l *local) source() (*source, error) {
	if l.template != "" {
		return &source{
			first: func(context.Context) (*target, error) { return readTemplate(l.template) },
			next:  func(context.Context) (*target, error) { return readTemplate(l.template) },
			files: func() files { return templateFiles(l.template) },
		}, nil
	}
	if err := checkApp(l.app); err != nil {
		return nil, err
	}
	app := &source{
		first: func(ctx context.Context) (*target, error) { return l.synthesize(ctx, tellAll) },
		next:  func(ctx context.Context) (*target, error) { return l.synthesize(ctx, tellSeconds) },
		files: func() files { return appFiles(l.app, l.dir, outputs()...) },
	}
	if _, err := os.Stat(filepath.Join(l.app, configFile)); errors.Is(err, os.ErrNotExist) && !l.appAsked {
		l.notef("no %s in this folder: the stack that signedfront ships is served, as recorded in this program", configFile)
		if parent := appAbove(l.app); parent != "" {
			l.notef("hint: a CDK app is in %s: --app %s serves it", parent, parent)
		}
		return &source{first: l.recorded}, nil
	}
	if recorded.IsOf(os.DirFS(l.app)) {
		app.first = l.recorded
		app.compare = func(ctx context.Context) (*target, error) { return l.synthesize(ctx, tellInPlace) }
	}
	return app, nil
}

// outputs are what standard output and standard error are written to: perhaps files
// in the folder of the app.
func outputs() (written []fs.FileInfo) {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if info, err := f.Stat(); err == nil {
			written = append(written, info)
		}
	}
	return written
}

// configFile is the file that makes a folder that of a CDK app.
const configFile = "cdk.json"

// appAbove is the folder of a CDK app that a folder is in, relative to that one;
// empty if it is in none.
func appAbove(dir string) string {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for above := ".."; ; above = filepath.Join(above, "..") {
		parent := filepath.Dir(whole)
		if parent == whole {
			return ""
		}
		if _, err := os.Stat(filepath.Join(parent, configFile)); err == nil {
			return above
		}
		whole = parent
	}
}

// recorded gives the recorded stack, if the environment that was asked for is its.
func (l *local) recorded(context.Context) (*target, error) {
	project, environment, _ := strings.Cut(recorded.StackName, "-")
	stack, err := chooseStack(&cdkapp.Assembly{
		Stacks:  []cdkapp.Stack{{Name: recorded.StackName, Template: recorded.Template()}},
		Context: map[string]any{"project": project, "environments": map[string]any{environment: nil}},
	}, l.environment)
	if err != nil {
		return nil, err
	}
	return &target{Stack: stack}, nil
}

// telling is how much is told of what is being built.
type telling int

const (
	tellInPlace telling = iota // the seconds, on a terminal alone: nobody waits for it
	tellSeconds                // the seconds, after a line that says why it is built
	tellAll                    // the start, how far it has come, and the end
)

// synthesize makes the template of the environment, and those of the stacks
// beside it. An app makes some environments only
// when they are named, and then no other: the stacks that such a one refers to come
// from the whole app.
func (l *local) synthesize(ctx context.Context, telling telling) (*target, error) {
	whole, err := l.build(ctx, telling, "building the CDK app ...", nil)
	if err == nil {
		var stack *cdkapp.Stack
		if stack, err = chooseStack(whole, l.environment); err == nil {
			return &target{stack, otherStacks(stack, whole)}, nil
		}
	}
	if l.environment == "" || ctx.Err() != nil {
		return nil, err
	}
	if whole == nil { // an app of nothing but such environments fails where none is named
		whole = &cdkapp.Assembly{}
	}
	name := strings.TrimPrefix(l.environment, project(whole)+"-")
	named, failed := l.build(ctx, telling, "building it again, for "+described(name)+" ...", map[string]string{"env": name})
	if failed == nil {
		var stack *cdkapp.Stack
		if stack, failed = chooseStack(named, name); failed == nil {
			return &target{stack, otherStacks(stack, named, whole)}, nil
		}
	}
	if ctx.Err() != nil || fitsPattern(whole, l.environment) {
		return nil, failed
	}
	return nil, err
}

// build synthesizes the app, told context besides its own.
func (l *local) build(ctx context.Context, telling telling, doing string, told map[string]string) (*cdkapp.Assembly, error) {
	options := &cdkapp.Options{Context: told}
	end := func(bool) {}
	switch {
	case telling == tellAll:
		var tell func(string)
		tell, end = l.progress(doing, "built the CDK app")
		options.Progress = func(p cdkapp.Progress) { tell(describeProgress(p)) }
	case telling == tellSeconds || l.errIsTTY:
		_, end = l.progress(doing, "")
	}
	assembly, err := cdkapp.Synthesize(ctx, l.app, options)
	end(err == nil)
	if ctx.Err() != nil {
		return nil, errors.New("interrupted while the CDK app was being built")
	}
	var hinted *cdkapp.Error
	switch {
	case errors.Is(err, cdkapp.ErrNoApp):
		return nil, &failure{err: err, hint: "run this in the folder of a CDK app, or name that folder with --app"}
	case errors.As(err, &hinted):
		return nil, &failure{err: err, hint: hinted.Hint}
	}
	return assembly, err
}

// describeProgress tells how far an app has come.
func describeProgress(p cdkapp.Progress) string {
	switch {
	case p.Of > 0 && p.Packages == p.Of:
		return fmt.Sprintf("building the CDK app: %s compiled, linking and running it ...", count(p.Of, "package"))
	case p.Of > 0:
		return fmt.Sprintf("building the CDK app: compiling package %d of %d ...", max(p.Packages, 1), p.Of)
	case p.Modules > 0:
		return fmt.Sprintf("building the CDK app: downloading module %d, %s ...", p.Modules, cmp.Or(p.Module, "the next"))
	}
	return "building the CDK app ..."
}
