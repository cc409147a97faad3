// Command build builds the Lambda functions of private content into a folder, for apps
// that are synthesized on a machine without Go or without access to a module proxy.
//
//	go run github.com/signedfront/signedfront/constructs/functions/build -o functions
//
// The context signedfront:functions, in cdk.json or set in Go, names that folder:
//
//	"signedfront:functions": "functions"
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/functions"
	"github.com/signedfront/signedfront/signer"
)

func main() {
	if err := build(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(args []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	folder := flags.String("o", "functions", "the folder for the archives, made if it does not exist")
	goarch := flags.String("arch", "arm64", `the processor: "arm64", or "amd64" for the context `+contract.ArchitectureContext+"=x86_64")
	flags.SetOutput(io.Discard) // its errors repeat the argument
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(os.Stdout)
		flags.Usage()
		return nil
	}
	const takes = "build takes -o FOLDER, -arch PROCESSOR and no other arguments"
	if err != nil {
		return errors.New(takes)
	}
	if more := flags.Args(); len(more) > 0 {
		return fmt.Errorf("%s: found %s", takes, signer.Describe(more[0], signer.FormWord))
	}
	return buildInto(*folder, *goarch)
}

func buildInto(folder, goarch string) error {
	if goarch != "arm64" && goarch != "amd64" {
		return fmt.Errorf("-arch is %s: write arm64 or amd64", signer.Describe(goarch, signer.FormWord))
	}
	module, err := functions.Module()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder %s: %w", signer.Describe(folder, signer.FormFile), functions.WithoutPath(err))
	}
	for _, f := range functions.All {
		archive, err := f.Build(module, goarch, functions.Version(), os.Stderr)
		if err != nil {
			return err
		}
		file := filepath.Join(folder, f.ArchiveName(goarch))
		if err := os.WriteFile(file, archive, 0o644); err != nil {
			return fmt.Errorf("writing the archive %s: %w", signer.Describe(file, signer.FormFile), functions.WithoutPath(err))
		}
		fmt.Println(file)
	}
	return nil
}
