package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/internal/nearest"
	"github.com/signedfront/signedfront/signer/internal/status"
)

// errDenied makes explain exit with status 3. Its verdict has been printed.
var errDenied = errors.New("denied")

// reasonMethod is the reason of a refusal for the request's method. The signature
// is valid, or none is required.
const reasonMethod signer.Reason = "method"

// explain is the verb that reports whether CloudFront allows a request, and why.
type explain struct {
	*terminal
	signingFlags

	publicKeys []string
	cookies    []string
	at         time.Time
	method     string
	asJSON     bool

	// faults are the faults of the deployment of --env. They do not depend on the
	// request.
	faults []status.Finding

	// behavior is the cache behavior of the URL, or nil if it is not known. signedPaths
	// reports that other behaviors than the default one require a signature.
	behavior    *status.Trust
	signedPaths bool
}

func newExplain(t *terminal) *cobra.Command {
	e := &explain{terminal: t}
	cmd := &cobra.Command{
		Use:        "explain URL",
		Short:      "Explain what CloudFront answers to a signed URL, and why",
		SuggestFor: []string{"verify", "check"},
		Long: `Report whether CloudFront allows a request with a signed URL or signed cookies, and
why. CloudFront itself does not give the reason. If one byte of the path or the query
was changed after the URL was signed, the reason usually names it; the search takes up
to three seconds. The URL is not requested.

Signatures are checked with public keys from files, with the trusted keys in the
document of --deployment, or with those that the distribution of --env trusts now for
the path of the URL. With --env, faults of the deployment itself are also printed. No
private key is read, unless --private-key or --private-key-env names one.

The exit status is 0 if the request is allowed, 3 if it is denied, 1 if that is not
known, because the document of an older deployment does not list the keys, and 2 if
the command line is wrong.`,
		Example: `  # Why is this URL refused?
  signedfront explain --public-key K2JCJMDEHXQW5F=public_key.pem 'https://d111111abcdef8.cloudfront.net/rt.png?Expires=...'

  # Would it still work tomorrow, from there?
  signedfront explain --env dev --at 2027-01-02T08:00:00Z --ip 203.0.113.7 'https://...'`,
		Args:              exactlyOne("URL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.explainURL(cmd.Context(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&e.publicKeys, "public-key", nil, "trust the public key in a file under an id, as `id=file`; may be repeated")
	flags.StringVar(&e.env, "env", "", "trust the keys of this deployed `environment`, read from AWS")
	flags.StringVar(&e.project, "project", "", "the `project` of the environment (default that of the cdk.json here, or signedfront)")
	flags.StringVar(&e.deployment, "deployment", "", "trust the keys that the deployment document in this `file` lists")
	flags.StringVar(&e.keyPairID, "key-pair-id", "", "trust the public key of --private-key under this `id`")
	e.addPrivateKeyFlags(cmd)
	flags.StringArrayVar(&e.cookies, "cookie", nil, "the request's Cookie `header`; may be repeated")
	addTime(cmd, &e.at, "at", "the `time` of the request: 2030-01-31, 2030-01-31T12:00:00Z or seconds since 1970 (default now)")
	flags.StringVar(&e.ip, "ip", "", "the viewer's `address`")
	flags.StringVar(&e.method, "method", http.MethodGet, "the request's `method`")
	flags.BoolVar(&e.asJSON, "json", false, "print JSON")
	cmd.MarkFlagFilename("deployment", "json")
	e.awsFlags.add(cmd)
	for _, name := range []string{"project", "key-pair-id", "cookie", "ip"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	cmd.RegisterFlagCompletionFunc("env", environments)
	cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions(methods, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// methods are those that CloudFront accepts.
var methods = []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}

func (e *explain) explainURL(ctx context.Context, url string) error {
	r := signer.Request{URL: url, Cookie: slices.Clone(e.cookies), Time: e.at}
	if e.at.IsZero() {
		r.Time = time.Now()
	}
	if e.ip != "" {
		addr, err := netip.ParseAddr(e.ip)
		if err != nil {
			return &failure{err: fmt.Errorf("--ip is %s, not an address", signer.Describe(e.ip, signer.FormWord)), hint: "write one such as 203.0.113.7", usage: true}
		}
		r.RemoteAddr = addr
	}
	if !slices.Contains(methods, e.method) {
		return &failure{err: fmt.Errorf("--method is %s", signer.Describe(e.method, signer.FormWord)), hint: "write one of " + strings.Join(methods, ", "), usage: true}
	}
	if !isURL(url) {
		if err := urlMistake(url); err != nil {
			return err
		}
		return &failure{err: fmt.Errorf("%s is not a URL", shown(url)), hint: "write the whole URL, with https:// and its query", usage: true}
	}
	for i, cookie := range r.Cookie {
		var err error
		if r.Cookie[i], err = cookieHeader(cookie); err != nil {
			return err
		}
	}
	keys, err := e.keys(ctx, url)
	if errors.Is(err, errNoKey) {
		switch v := signer.Explain(r, nil); {
		case v.Reason != signer.ReasonUnknownKey:
			err = nil // no key is needed to refuse it
		case isID(v.KeyPairID):
			return &failure{err: err, hint: fmt.Sprintf("give the public key, as in --public-key %s=public_key.pem, or --env NAME or --deployment FILE", v.KeyPairID), usage: true}
		}
	}
	older := errors.Is(err, signer.ErrNoTrustedKeys)
	if err != nil && !older {
		return err
	}
	v := signer.Explain(r, keys)
	if nearest.Searchable(&v) {
		bounded, cancel := context.WithTimeout(ctx, nearest.MaxTime)
		defer cancel()
		signed, found := nearest.Find(bounded, r, keys)
		switch {
		case found:
			v.Detail += "; the signature matches the URL if " + nearest.Change(signed, url)
			r.URL = signed
			if mended := signer.Verify(r, keys); !mended.Allowed {
				v.Detail += "; that URL is denied too: " + mended.Detail
			}
		case ctx.Err() != nil:
			return errors.New("interrupted")
		}
	}
	if e.public() {
		_, path := hostAndPath(url)
		v = signer.Verdict{Allowed: true, Certain: !e.signedPaths || !strings.Contains(path, "%"), Detail: fmt.Sprintf("the cache behavior %s requires no signature", described(e.behavior.Pattern))}
	}
	key, listed := keys[v.KeyPairID]
	unseen, hint := "", "add the key that signed it, as with --public-key "+v.KeyPairID+"=public_key.pem"
	switch {
	case v.Reason != signer.ReasonUnknownKey || !isID(v.KeyPairID):
	case listed && key == nil:
		unseen = "the distribution trusts the key " + v.KeyPairID + ", but the deployment document has no public key for it"
	case older:
		unseen = "the deployment document is of an older version and lists no trusted keys: the distribution may trust the key " + v.KeyPairID
		hint += "; a new deployment adds the list"
	}
	if unseen != "" {
		if err := e.write(v, unseen); err != nil {
			return err
		}
		return &failure{err: errors.New("it is not known whether CloudFront allows this request"), hint: hint}
	}
	switch {
	case v.Allowed && e.method != http.MethodGet && e.method != http.MethodHead:
		v.Allowed, v.Certain, v.Reason = false, true, reasonMethod
		v.Detail = fmt.Sprintf("a distribution of signedfront allows only GET and HEAD, not %s", e.method)
		if !e.public() {
			v.Detail = "the signature is valid, but " + v.Detail
		}
	case e.addressMissing(v):
		v.Detail += ": give it with --ip"
	}
	if err := e.write(v, ""); err != nil {
		return err
	}
	if !v.Allowed {
		return errDenied
	}
	return nil
}

// cookieHeader returns the value of a Cookie header, which may be given with its
// name.
func cookieHeader(text string) (string, error) {
	const hint = "write the header that the browser sent, as `signedfront cookies --format curl` prints one: name=value; name=value"
	if name, value, ok := strings.Cut(text, ":"); ok && strings.EqualFold(name, "Cookie") {
		text = strings.TrimSpace(value)
	}
	switch {
	case len(text) > 11 && strings.EqualFold(text[:11], "Set-Cookie:"):
		return "", &failure{err: errors.New("--cookie is a Set-Cookie header, which a server sends"), hint: hint, usage: true}
	case !strings.Contains(text, "="):
		return "", &failure{err: errors.New("--cookie has no name=value"), hint: hint, usage: true}
	}
	return text, nil
}

// addressMissing reports whether a verdict depends on an address that was not
// given.
func (e *explain) addressMissing(v signer.Verdict) bool {
	return v.Reason == signer.ReasonAddress && e.ip == ""
}

// readPublicKeys reads the files of --public-key, each given as ID=FILE.
func readPublicKeys(ctx context.Context, pairs []string) (map[string]*signer.PublicKey, error) {
	keys := map[string]*signer.PublicKey{}
	for _, pair := range pairs {
		id, file, ok := strings.Cut(pair, "=")
		if !ok || file == "" || !isID(id) {
			return nil, &failure{err: fmt.Errorf("--public-key is %s, not an id and a file", described(pair)), hint: "write both, as in K2JCJMDEHXQW5F=public_key.pem", usage: true}
		}
		file, err := inputFile("--public-key", file)
		if err != nil {
			return nil, err
		}
		text, err := readInput(ctx, func() (io.ReadCloser, error) { return os.Open(file) })
		if err == nil {
			keys[id], err = signer.ParsePublicKey(text)
		}
		if err != nil {
			return nil, fmt.Errorf("--public-key: %s: %w", signer.Describe(file, signer.FormFile), err)
		}
	}
	return keys, nil
}

var errNoKey error = &failure{err: errors.New("no public key to check the signature with"), hint: "give --public-key ID=FILE, --env NAME or --deployment FILE", usage: true}

// keys returns the trusted public keys. If the command line names none, it fails with
// errNoKey. A key of which only the id is known is nil.
// With the error signer.ErrNoTrustedKeys, they are only those of the command line.
func (e *explain) keys(ctx context.Context, url string) (map[string]*signer.PublicKey, error) {
	keys, err := readPublicKeys(ctx, e.publicKeys)
	if err != nil {
		return nil, err
	}
	if err := e.checkPrivateKey(); err != nil {
		return nil, err
	}
	if e.keyPairID != "" {
		if !isID(e.keyPairID) {
			return nil, &failure{err: fmt.Errorf("--key-pair-id is %s, not the id of a public key in CloudFront", signer.Describe(e.keyPairID, signer.FormWord)), hint: "write one such as K2JCJMDEHXQW5F", usage: true}
		}
		key, err := e.loadPrivateKey(ctx)
		if err != nil {
			return nil, err
		}
		keys[e.keyPairID] = key.PublicKey()
	}
	if err := e.checkNames(); err != nil {
		return nil, err
	}
	switch {
	case e.env != "" && e.deployment != "":
		return nil, wrongUsage("--env and --deployment each name a deployment: give one")
	case e.project != "" && e.env == "":
		return nil, wrongUsage("--project goes with --env")
	case e.region != "" && e.env == "":
		return nil, wrongUsage("--region goes with --env: a deployment document contains the Region")
	case e.profile != "" && e.env == "" && e.deployment == "":
		return nil, wrongUsage("--profile goes with --env or --deployment")
	case e.env != "" || e.deployment != "":
		d, err := e.document(ctx)
		if err != nil {
			return nil, err
		}
		trusted, err := d.PublicKeys()
		if e.env != "" {
			now, fault := e.trustedNow(ctx, url)
			if fault != nil || e.public() {
				return nil, fault
			}
			for id, key := range now {
				if key == nil { // in an unknown form: the document may have it
					now[id] = trusted[id]
				}
			}
			if now != nil {
				trusted, err = now, nil
			}
		}
		for id, key := range trusted {
			if key != nil || keys[id] == nil {
				keys[id] = key
			}
		}
		return keys, err
	case len(keys) == 0:
		return nil, errNoKey
	}
	return keys, nil
}

// trustedNowTime limits the time of trustedNow: a network may drop requests to
// services other than Systems Manager.
const trustedNowTime = 8 * time.Second

// trustedNow returns the keys that the distribution of --env trusts now for a URL. It
// sets the fields behavior, signedPaths and faults. If the credentials may not read the
// keys, or that takes longer than trustedNowTime, it returns nil and prints a note. The
// caller then uses the keys of the deployment document.
func (e *explain) trustedNow(ctx context.Context, url string) (map[string]*signer.PublicKey, error) {
	env, account, err := e.account(ctx)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, trustedNowTime)
	defer cancel()
	found, serving, err := status.ReadServing(bounded, account, env)
	switch {
	case err != nil && bounded.Err() != nil && ctx.Err() == nil:
		e.notef("reading the keys that the distribution trusts now took longer than %s: using the deployment document", trustedNowTime)
		return nil, nil
	case err != nil:
		return nil, statusFailure(ctx, err)
	}
	e.faults = found.Findings
	var keys map[string]*signer.PublicKey
	host, path := hostAndPath(url)
	if serving != nil {
		behavior := serving.Behavior(path)
		e.behavior, keys = &behavior, behavior.Keys
		e.signedPaths = slices.ContainsFunc(serving.Behaviors[:len(serving.Behaviors)-1], func(b status.Trust) bool { return b.Signed })
	}
	if s := found.Served; s != nil && !slices.ContainsFunc(s.Names, func(name string) bool { return signer.MatchPattern(strings.ToLower(name), strings.ToLower(host)) }) {
		e.notef("%s, the host of this URL, is not a name of the distribution %s, which has %s: the verdict is for a request to that distribution", described(host), s.DistributionID, strings.Join(s.Names, ", "))
	}
	if keys == nil && !e.public() {
		var missing []string // permissions for reading from the stack to the keys
		for _, u := range found.Unread {
			if strings.HasPrefix(u.Action, "cloud") && !slices.Contains(missing, u.Action) {
				missing = append(missing, u.Action)
			}
		}
		why := ""
		if len(missing) > 0 {
			why = " (these credentials lack " + strings.Join(missing, ", ") + ")"
		}
		e.notef("the keys that the distribution trusts now could not be read%s: using the deployment document", why)
	}
	return keys, nil
}

// public reports whether the cache behavior of the URL is known to require no signature.
func (e *explain) public() bool { return e.behavior != nil && !e.behavior.Signed }

// hostAndPath returns the host of a URL, without its port, and the path, both as they are
// written.
func hostAndPath(url string) (host, path string) {
	_, rest, _ := strings.Cut(url, "://")
	end := strings.IndexAny(rest+"/", "/?#")
	host, path = rest[:end], rest[end:]
	host = host[strings.LastIndexByte(host, '@')+1:]
	host, _, _ = strings.Cut(host, ":")
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	return host, cmp.Or(path, "/")
}

// isID reports whether a text can be the id of a public key in CloudFront.
func isID(text string) bool { return isQuoted(signer.Describe(text, signer.FormID)) }

// document reads the deployment document that the flags name. It reads no key, and
// calls AWS only for --env and for a document that borrows its keys.
func (e *explain) document(ctx context.Context) (*signer.Deployment, error) {
	var source signer.Source
	var err error
	if e.env != "" {
		source, err = e.environment(ctx)
	} else {
		_, d, fault := e.documentFile()
		switch {
		case fault != nil:
			return nil, fault
		case d.Key.Parameter == "" && e.profile != "":
			return nil, wrongUsage("--profile: that document lists the trusted keys, so AWS is not used")
		case d.Key.Parameter == "":
			return d, nil
		}
		source, err = e.source(ctx)
	}
	if err != nil {
		return nil, err
	}
	d, err := source.Deployment(ctx)
	return d, awsFailure(err)
}

// verdict is the output of --json. If the verdict is unknown, Allowed is null and
// there is no status.
type verdict struct {
	Allowed   *bool       `json:"allowed"`
	Certain   bool        `json:"certain"`
	Status    int         `json:"status,omitempty"`
	Code      signer.Code `json:"code,omitempty"`
	Message   string      `json:"message,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Detail    string      `json:"detail,omitempty"`
	KeyPairID string      `json:"keyPairId,omitempty"`
	From      string      `json:"from,omitempty"`
	Policy    *policyJSON `json:"policy,omitempty"`

	// Faults are the faults of the deployment, which do not depend on the request.
	Faults []status.Finding `json:"faults,omitempty"`
}

type policyJSON struct {
	Kind      string `json:"kind"`
	Resource  string `json:"resource"`
	NotBefore string `json:"notBefore,omitempty"`
	Expires   string `json:"expires"`
	IPAddress string `json:"ipAddress,omitempty"`
}

// write prints a verdict. If unseen is not empty, it is the reason why there is none.
func (e *explain) write(v signer.Verdict, unseen string) error {
	out := verdict{
		Allowed: &v.Allowed, Certain: v.Certain, Status: http.StatusOK, Code: v.Code, Message: v.Code.Message(),
		Reason: string(v.Reason), Detail: v.Detail, KeyPairID: v.KeyPairID, Faults: e.faults,
	}
	switch {
	case unseen != "":
		out.Allowed, out.Certain, out.Status, out.Code, out.Message = nil, false, 0, "", ""
		out.Detail = unseen
	case !v.Allowed:
		out.Status = deniedStatus(v)
	}
	switch {
	case e.public():
	case v.Cookies:
		out.From = "cookies"
	case v.Reason != signer.ReasonUnsigned:
		out.From = "url"
	}
	if s := v.Statement; s != nil {
		out.Policy = &policyJSON{Kind: "custom", Resource: s.Resource, Expires: s.Expires.UTC().Format(time.RFC3339)}
		if v.Canned {
			out.Policy.Kind = "canned"
		}
		if !s.NotBefore.IsZero() {
			out.Policy.NotBefore = s.NotBefore.UTC().Format(time.RFC3339)
		}
		if s.IPAddress.IsValid() {
			out.Policy.IPAddress = s.IPAddress.String()
		}
	}
	if e.asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}

	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-11s %s\n", name, printable(value))
		}
	}
	word := "allowed"
	if !v.Allowed {
		word = strings.TrimSpace(fmt.Sprintf("denied: %d %s", deniedStatus(v), v.Code))
	}
	switch {
	case unseen != "":
		word = "not known"
	case v.Reason == reasonMethod:
		word += ", for the method " + e.method
	case e.addressMissing(v):
		word += " (give --ip, the viewer's address)"
	case e.public() && !v.Certain:
		word += " (unless the distribution has a function that refuses the escapes in the path)"
	case !v.Certain:
		word += " (what CloudFront does here is not known: this is the strict reading)"
	}
	line("verdict", word)
	line("reason", out.Detail)
	line("key pair id", v.KeyPairID)
	if p := out.Policy; p != nil {
		line("policy", p.Kind+", from the "+map[string]string{"url": "URL", "cookies": "cookies"}[out.From])
		line("resource", p.Resource)
		line("not before", p.NotBefore)
		line("expires", p.Expires)
		line("address", p.IPAddress)
	}
	for _, f := range e.faults {
		line("fault", f.What+": "+f.Meaning)
		line("", f.Do)
	}
	_, err := io.WriteString(e.out, b.String())
	return err
}

// deniedStatus returns the HTTP status of a refusal. A refusal of the method has no
// code.
func deniedStatus(v signer.Verdict) int {
	if v.Code == "" {
		return http.StatusForbidden
	}
	return v.Code.Status()
}
