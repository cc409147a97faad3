package signer

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// A private key may be passed by mistake in place of any text. No result shows 12
// bytes of it in a row.
func TestNoTextThatComesBackShowsAKeyThatWasHandedIn(t *testing.T) {
	for _, algorithm := range []Algorithm{ECDSAP256, RSA2048} {
		key := must[*PrivateKey](t)(GenerateKey(algorithm))
		pem := string(must[[]byte](t)(key.MarshalPEM()))
		lines := strings.Split(strings.TrimSpace(pem), "\n")
		body := strings.Join(lines[1:len(lines)-1], "")
		short, _ := base64.StdEncoding.DecodeString(body)
		spellings := map[string]string{
			"PEM": pem, "on one line": strings.Join(lines, " "), `literal \n`: strings.ReplaceAll(pem, "\n", `\n`), "quoted": `"` + pem + `"`,
			"the body": body, "a third of it": body[:len(body)/3], "a line": lines[1], "another line": lines[2],
			"CloudFront's base64": cloudFront.EncodeToString(short), "URL-safe base64": base64.RawURLEncoding.EncodeToString(short),
			"after a slash": "/" + body, "with a star": body + "*", "escaped": escape(body), "base64 of PEM": base64.StdEncoding.EncodeToString([]byte(pem)),
		}
		s := newSigner(t, ECDSAP256, Options{})
		keys := trusted(t, ECDSAP256)
		pass := must[*Pass](t)(s.OpenAll(t.Context(), site+"/a/", Policy{TTL: ttl}))
		good := must[string](t)(s.URL(t.Context(), site+"/a/x", Policy{TTL: ttl}))
		custom := must[string](t)(s.URL(t.Context(), site+"/a/x", Policy{TTL: ttl, Resource: site + "/a/*"}))
		for spelling, k := range spellings {
			said := map[string]string{}
			tell := func(where string, err error) {
				if err != nil {
					said[where] = err.Error()
				}
			}
			sign := func(where, url string, p Policy) {
				if p.TTL == 0 {
					p.TTL = ttl
				}
				_, err := s.URL(t.Context(), url, p)
				tell(where, err)
			}
			tell("CheckURL", CheckURL(k))
			tell("CheckURL, host", CheckURL("https://"+k))
			tell("CheckURL, host and path", CheckURL("https://"+k+"/a"))
			tell("CheckURL, small host", CheckURL("https://"+strings.ToLower(k)+"./a"))
			tell("CheckURL, path", CheckURL(site+"/"+k))
			tell("CheckURL, query", CheckURL(site+"/a?"+k))
			tell("CheckURL, user", CheckURL("https://user:"+k+"@cdn.example.com/a"))
			sign("URL", k, Policy{})
			sign("URL, path", site+"/"+k, Policy{Resource: site + "/b/*"})
			sign("URL, query", site+"/a?"+k, Policy{Resource: site + "/b/*"})
			sign("URL, resource", site+"/a/x", Policy{Resource: k})
			sign("URL, resource's host", site+"/a/x", Policy{Resource: "https://" + k + "*/*"})
			sign("URL, resource's path", site+"/a/x", Policy{Resource: site + "/" + k + "*"})
			sign("URL, resource's query", site+"/a/x", Policy{Resource: site + "/a/x?" + k + "*"})
			sign("URL, address", site+"/a/x", Policy{IPAddress: k})
			_, err := ObjectURL(k, "a")
			tell("ObjectURL, base", err)
			object, err := ObjectURL(site, k)
			tell("ObjectURL, key", err)
			_, err = ObjectURL(site, "/"+k)
			tell("ObjectURL, key with a slash", err)
			segment, err := EscapeSegment(k)
			tell("EscapeSegment", err)
			if strings.Contains(k, "-----BEGIN") && object+segment != "" {
				t.Errorf("%s is taken for a name", spelling)
			}
			_, err = s.OpenAll(t.Context(), k, Policy{TTL: ttl})
			tell("OpenAll", err)
			_, err = s.OpenAll(t.Context(), site+"/"+k, Policy{TTL: ttl})
			tell("OpenAll, path", err)
			_, err = pass.URL(k)
			tell("Pass.URL", err)
			_, err = pass.URL(site + "/" + k)
			tell("Pass.URL, path", err)
			for where, o := range map[string]CookieOptions{
				"Domain": {Domain: k}, "AppHost": {AppHost: k}, "AppHost, Domain": {AppHost: k, Domain: "cloudfront.net"},
				"Path": {Path: k}, "Path after a slash": {Path: "/" + k}, "Path, star": {Path: "/" + k + "*"},
			} {
				for _, resource := range []string{site + "/*", "https://cdn.example.com/*", "http://127.0.0.1/*"} {
					_, err = s.Cookies(t.Context(), resource, Policy{TTL: ttl}, o)
					tell("Cookies, "+where, err)
					_, err = ClearCookies(resource, o)
					tell("ClearCookies, "+where, err)
				}
			}
			_, err = s.Cookies(t.Context(), k, Policy{TTL: ttl}, CookieOptions{})
			tell("Cookies", err)
			_, err = New(k, key, nil)
			tell("New, id", err)
			_, err = New(keyID, key, &Options{Hash: Hash(k)})
			tell("New, hash", err)
			_, err = ParseHash(k)
			tell("ParseHash", err)
			_, err = ParseAlgorithm(k)
			tell("ParseAlgorithm", err)
			tell("CoverageError", &CoverageError{Resource: k, URL: k})
			tell("CoverageError, query", &CoverageError{Resource: site + "/a?" + k, URL: site + "/a?x"})
			for _, body := range []string{k, "<Error><Code>" + k + "</Code></Error>", "<Error><Code>x</Code><Message>" + k + "</Message></Error>"} {
				said["ReadRefusal "+body[:3]] = fmt.Sprintf("%+v", ReadRefusal([]byte(body)))
			}
			signedPolicy := func(policy string) string { return site + "/a/x?" + resign(t, ECDSAP256, policy) }
			condition := `"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}`
			quoted := strings.NewReplacer("\n", `\n`, `"`, `\"`, `\`, `\\`).Replace(k)
			for where, url := range map[string]string{
				"the URL": k, "the host": "https://" + k + "/a", "the path": strings.Replace(good, "/a/x", "/"+k, 1), "a query": strings.Replace(good, "?", "?"+k+"&", 1),
				"the path, with a policy": strings.Replace(custom, "/a/x", "/"+k, 1), "a name": good + "&" + k + "=1",
				"Expires": with(good, "Expires", k), "Signature": with(good, "Signature", k), "Key-Pair-Id": with(good, "Key-Pair-Id", k),
				"Hash-Algorithm": with(good, "Hash-Algorithm", k), "Policy": with(custom, "Policy", k), "after": good + k, "before": k + good,
				"after a quote": good + `"` + k, "in HTML": strings.ReplaceAll(good, "&", "&amp;") + k,
				"a policy":            signedPolicy(k),
				"a policy's member":   signedPolicy(`{"Statement":[{"` + quoted + `":1,` + condition + `}]}`),
				"a policy's resource": signedPolicy(`{"Statement":[{"Resource":"` + quoted + `",` + condition + `}]}`),
				"a policy's address":  signedPolicy(`{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000},"IpAddress":{"AWS:SourceIp":"` + quoted + `"}}}]}`),
			} {
				for _, cookie := range []string{"", "CloudFront-Key-Pair-Id=" + k, "CloudFront-Key-Pair-Id=" + keyID + "; CloudFront-Signature=AAAA; CloudFront-Expires=" + k} {
					r := Request{URL: url, Cookie: []string{cookie}, Time: now()}
					for verb, v := range map[string]Verdict{"Verify": Verify(r, keys), "Explain": Explain(r, keys), "Verify, id": Verify(r, map[string]*PublicKey{k: keys[keyID]})} {
						said[verb+", "+where] = v.Detail + " " + string(v.Reason) + " " + v.KeyPairID
					}
				}
			}
			for where, text := range said {
				for _, secret := range []string{body, cloudFront.EncodeToString(short), escape(body)} {
					for i := 0; i+12 <= len(secret); i++ {
						if strings.Contains(text, secret[i:i+12]) && !strings.Contains("BEGIN PRIVATE KEY", secret[i:i+12]) {
							t.Fatalf("%s of %s (%s) shows bytes %d to %d of the key: %d bytes of text", where, algorithm, spelling, i, i+12, len(text))
						}
					}
				}
			}
		}
	}
}
