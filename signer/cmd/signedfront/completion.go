package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/constructs/config"
	"github.com/signedfront/signedfront/signer"
)

// newCompletion replaces Cobra's own command, whose errors do not list the shells.
func newCompletion(t *terminal) *cobra.Command {
	scripts := map[string]func(*cobra.Command, io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
	shells := slices.Sorted(maps.Keys(scripts))
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands and flags with the Tab key",
		Long: `Print a script that completes commands and flags of signedfront in a shell: bash
(with the package bash-completion), zsh, fish or powershell.`,
		Example: `  source <(signedfront completion bash)
  signedfront completion zsh > "${fpath[1]}/_signedfront"
  signedfront completion fish > ~/.config/fish/completions/signedfront.fish
  signedfront completion powershell | Out-String | Invoke-Expression`,
		ValidArgsFunction: cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactlyOne("shell")(cmd, args); err != nil {
				return err
			}
			if scripts[args[0]] != nil {
				return nil
			}
			wrong := &failure{err: fmt.Errorf("there is no script for the shell %s", signer.Describe(args[0], signer.FormWord)), hint: "write one of " + strings.Join(shells, ", "), usage: true}
			if shell := config.Nearest(args[0], shells); shell != "" {
				wrong.hint = fmt.Sprintf("did you mean `signedfront completion %s`?", shell)
			}
			return wrong
		},
		RunE: func(cmd *cobra.Command, args []string) error { return scripts[args[0]](cmd.Root(), t.out) },
	}
}

// newHelp replaces Cobra's own command, which repeats unknown words.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Show how to use a verb",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactlyOne("verb")(cmd, args)
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (verbs []string, _ cobra.ShellCompDirective) {
			for _, verb := range cmd.Root().Commands() {
				if len(args) == 0 && verb.IsAvailableCommand() {
					verbs = append(verbs, verb.Name())
				}
			}
			return verbs, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			if len(args) > 0 {
				var err error
				if about, err = find(cmd.Root(), args[0]); err != nil {
					return err
				}
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// environments completes --env with the environments of the cdk.json here or in the
// folder of --app. It leaves out patterns such as pr-*.
func environments(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
	folder := "."
	if app := cmd.Flags().Lookup("app"); app != nil && app.Value.String() != "" {
		folder = app.Value.String()
	}
	var file struct {
		Context struct{ Environments map[string]any }
	}
	text, err := os.ReadFile(filepath.Join(folder, "cdk.json"))
	if err != nil || json.Unmarshal(text, &file) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(file.Context.Environments)) {
		if partOfName.MatchString(name) && isQuoted(signer.Describe(name, signer.FormName)) && strings.HasPrefix(name, start) {
			names = append(names, name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// words returns the values of a flag as strings.
func words[W ~string](list []W) (texts []string) {
	for _, word := range list {
		texts = append(texts, string(word))
	}
	return texts
}

// choices joins the values of a flag for an error or help text.
func choices[W ~string](list []W) string { return strings.Join(words(list), " or ") }
