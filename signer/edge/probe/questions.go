package probe

import (
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
)

// question is a row of the second list of FIDELITY.md.
type question struct {
	text     string
	variants []variant
}

// variant is one request that asks it.
type variant struct {
	name   string
	sign   signed
	change func(a *asker, s *signed, r *request)

	// tell adds to what was got, and want to what the local edge answers.
	tell func(reply) string
	want string

	// whole is all that the local edge answers, where it is not what is
	// answered to the signature.
	whole string
}

const (
	statement  = `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	noResource = `{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	wildcard   = `{"Statement":[{"Resource":"*://%host/?*","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	bits       = `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d},"IpAddress":{"AWS:SourceIp":"255.255.255.255/0"}}}]}`
	everyIPv4  = `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d},"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}}}]}`
	effect     = `{"Statement":[{"Effect":"Allow","Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	marked     = "\ufeff" + `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	latin1     = `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}],"note":"` + "\xe9" + `"}`
)

var questions = []question{
	{"The code for a missing or empty `Signature`", []variant{
		{name: "no Signature", change: without("Signature")},
		{name: "an empty Signature", change: with("Signature", func(string) string { return "" })},
	}},
	{"`Policy` and `Expires` that differ", []variant{
		{name: "a policy, and an Expires beside it", sign: signed{policy: statement}, change: add("Expires", "1")},
	}},
	{"A parameter or cookie twice; two sets of cookies", []variant{
		{name: "Key-Pair-Id twice, the second one unknown", change: add("Key-Pair-Id", "K2JCJMDEHXQW5F")},
		{name: "Signature twice, the second one another", change: func(a *asker, s *signed, r *request) {
			r.target = query(a.path, append(s.parameters(a), parameter{"Signature", other(s.signature)}))
		}},
		{name: "two sets of cookies, the second one for another key", sign: signed{policy: statement}, change: inCookies(func(_ *asker, _ *signed, list []parameter) []parameter {
			return append(list, parameter{"Policy", list[0].value}, parameter{"Signature", list[1].value}, parameter{"Key-Pair-Id", "K2JCJMDEHXQW5F"})
		})},
	}},
	{"`Hash-Algorithm` of another value or letter case", []variant{
		{name: "SHA512", change: hash("SHA512")},
		{name: "in small letters", change: func(a *asker, s *signed, r *request) {
			word := "sha1"
			if strings.Contains(r.target, "Hash-Algorithm=SHA256") {
				word = "sha256"
			}
			hash(word)(a, s, r)
		}},
	}},
	{"Percent-encoding inside a value other than `%7E`", []variant{
		{name: "each - ~ and _ of the signature escaped", change: with("Signature", func(v string) string {
			return strings.NewReplacer("-", "%2D", "~", "%7E", "_", "%5F").Replace(v)
		})},
	}},
	{"A `Key-Pair-Id` of other characters than letters and digits, which one report has as `MissingKey`", []variant{
		{name: "a Key-Pair-Id with hyphens", change: with("Key-Pair-Id", func(string) string { return "-----BEGIN" })},
	}},
	{"A policy that is not UTF-8; text after its JSON, or a byte order mark before it; a cookie's value in quotation marks; members of a statement or its condition that no page names", []variant{
		{name: "a byte of Latin-1 beside the statement", sign: signed{policy: latin1}},
		{name: "a byte order mark before the policy", sign: signed{policy: marked}},
		{name: "an Effect in the statement", sign: signed{policy: effect}},
	}},
	{"An empty query or an empty parameter (`/x?&Expires=…`), of which [a sample of AWS](https://github.com/aws-samples/amazon-cloudfront-signed-urls-using-lambda-secretsmanager) signs the `?`", []variant{
		{name: "the object's URL signed, and ?& in the request", change: func(a *asker, s *signed, r *request) {
			r.target = strings.Replace(query(a.path, s.parameters(a)), "?", "?&", 1)
		}},
	}},
	{"A custom policy without a resource, which is documented for everything", []variant{
		{name: "no resource in a URL", sign: signed{policy: noResource}},
	}},
	{"A `?` in the path of a custom policy that fits only as a wildcard", []variant{
		{name: "? in place of the first letter of the path", sign: signed{policy: wildcard}},
	}},
	{"The host in another letter case, with a default port, with a dot at its end", []variant{
		{name: "in capitals", change: func(_ *asker, _ *signed, r *request) { r.host = strings.ToUpper(r.host) }, whole: "403 page"},
		{name: "with a dot at its end", change: func(_ *asker, _ *signed, r *request) { r.host += "." }, whole: "403 page"},
		{name: "with the port 443", change: func(_ *asker, _ *signed, r *request) {
			r.host, _, _ = strings.Cut(r.host, ":")
			r.host += ":443"
		}, whole: "403 page"},
	}},
	{"Response headers policy on refused signatures, with a custom error page or without", []variant{
		{name: "no signature at all", change: func(a *asker, _ *signed, r *request) {
			r.target = a.path
			r.headers = []parameter{{"Origin", "https://app.example.com"}}
		}, tell: headers, want: " without its headers"},
	}},
	{"Bits behind the prefix of an address; an IPv6 viewer", []variant{
		{name: "255.255.255.255/0", sign: signed{policy: bits}},
		{name: "0.0.0.0/0 over IPv6", sign: signed{policy: everyIPv4}, change: func(_ *asker, _ *signed, r *request) { r.network = "IPv6" }},
	}},
	{"A signature of another kind (RSA-PSS, another curve)", []variant{
		{name: "an ECDSA signature as r and s alone, or an RSA one cut in half", change: with("Signature", bare)},
	}},
}

// without leaves a parameter out.
func without(name string) func(*asker, *signed, *request) {
	return func(a *asker, s *signed, r *request) {
		var kept []parameter
		for _, p := range s.parameters(a) {
			if p.name != name {
				kept = append(kept, p)
			}
		}
		r.target = query(a.path, kept)
	}
}

// with changes the value of a parameter.
func with(name string, value func(string) string) func(*asker, *signed, *request) {
	return func(a *asker, s *signed, r *request) {
		list := s.parameters(a)
		for i, p := range list {
			if p.name == name {
				list[i].value = value(p.value)
			}
		}
		r.target = query(a.path, list)
	}
}

// add puts a parameter behind the others.
func add(name, value string) func(*asker, *signed, *request) {
	return func(a *asker, s *signed, r *request) {
		r.target = query(a.path, append(s.parameters(a), parameter{name, value}))
	}
}

func hash(word string) func(*asker, *signed, *request) {
	return func(a *asker, s *signed, r *request) {
		without("Hash-Algorithm")(a, s, r)
		r.target += "&Hash-Algorithm=" + word
	}
}

// inCookies signs by cookies, changed.
func inCookies(change func(*asker, *signed, []parameter) []parameter) func(*asker, *signed, *request) {
	return func(a *asker, s *signed, r *request) {
		list := s.parameters(a)
		if change != nil {
			list = change(a, s, list)
		}
		r.target, r.cookies = a.path, []string{cookies(list)}
	}
}

// other is another signature of the same length.
func other(signature string) string {
	i := len(signature) / 2
	letter := "A"
	if signature[i] == 'A' {
		letter = "B"
	}
	return signature[:i] + letter + signature[i+1:]
}

// bare is a signature in another form: r and s alone, as JWTs have them, of an
// ECDSA one, and half of an RSA one.
func bare(signature string) string {
	der, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(signature))
	if err != nil {
		return signature
	}
	var ecdsa struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &ecdsa); err == nil && len(rest) == 0 {
		return encode(append(ecdsa.R.FillBytes(make([]byte, 32)), ecdsa.S.FillBytes(make([]byte, 32))...))
	}
	return encode(der[:len(der)/2])
}

// headers tells which of the response headers policy came.
func headers(r reply) string {
	var came []string
	for _, name := range []string{"X-Content-Type-Options", "Strict-Transport-Security", "Access-Control-Allow-Origin"} {
		if r.header.Get(name) != "" {
			came = append(came, name)
		}
	}
	if len(came) == 0 {
		return " without its headers"
	}
	return " with " + strings.Join(came, ", ")
}
