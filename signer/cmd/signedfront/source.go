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

// source is where the served stack comes from.
type source struct {
	// first returns the stack to serve first.
	first func(context.Context) (*target, error)

	// next returns the stack after a change of the files. Nil: the source does not
	// change.
	next func(context.Context) (*target, error)

	// files lists the files that next reads.
	files func() files

	// compare returns the stack that the app synthesizes, if first returns its
	// recorded template. Otherwise it is nil.
	compare func(context.Context) (*target, error)
}

// source returns the source of the stack to serve.
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
		l.notef("no %s in this folder: using the stack that signedfront ships, as recorded in this program", configFile)
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

// outputs returns the files of standard output and standard error, which may be in
// the app's folder.
func outputs() (written []fs.FileInfo) {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if info, err := f.Stat(); err == nil {
			written = append(written, info)
		}
	}
	return written
}

// configFile is the file at the root of a CDK app.
const configFile = "cdk.json"

// appAbove returns the folder of the CDK app that contains a folder, relative to
// it, or "".
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

// recorded returns the recorded stack, if it has the requested environment.
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

// telling is how much is printed about a build.
type telling int

const (
	tellInPlace telling = iota // the seconds, only on a terminal: the user does not wait for it
	tellSeconds                // the seconds, after a line with the reason
	tellAll                    // the start, the progress and the end
)

// synthesize returns the template of the environment, and those of the app's other
// stacks. An app makes some environments only if they are named, and then no other.
// The stacks that such an environment refers to come from the whole app.
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
	if whole == nil { // an app with only such environments fails without a name
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

// build synthesizes the app with additional context.
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

// describeProgress returns a line about the progress of an app.
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
