package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
)

func newCookies(t *terminal) *cobra.Command {
	var f signingFlags
	var o signer.CookieOptions
	var format, sameSite string
	cmd := &cobra.Command{
		Use:   "cookies RESOURCE",
		Short: "Sign cookies for a URL pattern",
		Long: `Sign cookies that open a resource, a URL in which * stands for any characters.

They are printed as Set-Cookie headers, for curl's --cookie, or as JSON.`,
		Example: `  # Cookies for all of an album of the deployed environment dev:
  signedfront cookies --env dev --ttl 1h 'albums/7/*'

  # Fetch with them:
  curl --cookie "$(signedfront cookies --env dev --format curl 'albums/7/*')" \
    https://d111111abcdef8.cloudfront.net/albums/7/one.png

  # For the application at app.example.com and content at cdn.example.com:
  signedfront cookies --key-pair-id K2JCJMDEHXQW5F --private-key private_key.pem \
    --domain example.com 'https://cdn.example.com/albums/7/*'`,
		Args:              exactlyOne("resource"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			write := map[string]func([]*http.Cookie) (string, error){
				"set-cookie": setCookies, "curl": curlCookies, "json": jsonCookies,
			}[format]
			if write == nil {
				return wrongUsage("--format is %s: want set-cookie, curl or json", signer.Describe(format, signer.FormWord))
			}
			switch strings.ToLower(sameSite) {
			case "":
			case "none":
				o.SameSite = http.SameSiteNoneMode
			case "lax":
				o.SameSite = http.SameSiteLaxMode
			case "strict":
				o.SameSite = http.SameSiteStrictMode
			default:
				return wrongUsage("--same-site is %s: want none, lax or strict", signer.Describe(sameSite, signer.FormWord))
			}
			if args[0] == "-" {
				return wrongUsage("cookies takes one resource, not standard input: write its pattern instead of -")
			}
			p, err := f.policy(cmd)
			if err != nil {
				return err
			}
			c, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			resource, err := c.resource(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", shown(args[0]), err)
			}
			// Browsers accept Secure cookies over plain HTTP only from loopback
			// addresses, and curl drops them.
			o.Insecure = strings.HasPrefix(resource, "http://")
			if o.Insecure && o.SameSite == http.SameSiteNoneMode {
				return &failure{err: errors.New("--same-site none with an http:// URL: browsers drop such cookies"), hint: "write https://, or leave --same-site out", usage: true}
			}
			cookies, err := c.Cookies(cmd.Context(), resource, p, o)
			if err != nil {
				return err
			}
			text, err := write(cookies)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(t.out, text)
			return writing(err)
		},
	}
	f.addKeyFlags(cmd)
	f.addPolicyFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Domain, "domain", "", "the parent `domain` of the application's and the content's host (default only the content's host)")
	flags.StringVar(&sameSite, "same-site", "", "the SameSite `value` of the cookies: none, lax or strict")
	flags.BoolVar(&o.Partitioned, "partitioned", false, "keep separate cookies for each site that embeds the content")
	flags.StringVar(&format, "format", "set-cookie", "print in this `format`: set-cookie, curl or json")
	cmd.RegisterFlagCompletionFunc("domain", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("same-site", cobra.FixedCompletions([]string{"none", "lax", "strict"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"set-cookie", "curl", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func setCookies(cookies []*http.Cookie) (string, error) {
	var lines []string
	for _, c := range cookies {
		lines = append(lines, "Set-Cookie: "+c.String())
	}
	return strings.Join(lines, "\n"), nil
}

// curlCookies leaves out the cookies that clear others: curl has none to clear.
func curlCookies(cookies []*http.Cookie) (string, error) {
	var pairs []string
	for _, c := range cookies {
		if c.MaxAge >= 0 {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; "), nil
}

func jsonCookies(cookies []*http.Cookie) (string, error) {
	values := map[string]string{}
	for _, c := range cookies {
		if c.MaxAge >= 0 {
			values[c.Name] = c.Value
		}
	}
	text, err := json.MarshalIndent(values, "", "  ")
	return string(text), err
}
