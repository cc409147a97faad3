package signer

import (
	"encoding/pem"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer/internal/vectors"
)

const vectorsFile = "languages/vectors.json"

func policyOfVector(v vectors.Request) Policy {
	p := Policy{Expires: time.Unix(v.Expires, 0), IPAddress: v.IPAddress, Resource: v.Resource}
	if v.NotBefore != 0 {
		p.NotBefore = time.Unix(v.NotBefore, 0)
	}
	return p
}

func TestDocumentsOfTheVectorsAreTakenOrRefusedForTheirMember(t *testing.T) {
	v := vectors.Read(t, vectorsFile)
	for name, text := range v.Documents {
		if _, err := ParseDeployment([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, d := range v.Refused {
		if _, err := ParseDeployment([]byte(d.Text)); err == nil || !strings.Contains(err.Error(), d.Member) {
			t.Errorf("%s, %s: %v", d.Member, d.Reason, err)
		}
	}
}

func TestEveryMemberOfTheDocumentHasAVectorThatRefusesIt(t *testing.T) {
	refused := map[string]bool{}
	for _, d := range vectors.Read(t, vectorsFile).Refused {
		refused[strings.ReplaceAll(d.Member, "[1]", "[]")] = true
	}
	page := string(must[[]byte](t)(os.ReadFile("DEPLOYMENT.md")))
	for _, row := range memberRows.FindAllStringSubmatch(page, -1) {
		if name := row[1]; !refused[name] && name != "query" && name != "bucket" { // objects, whose members have vectors of their own
			t.Errorf("no vector refuses %s", name)
		}
	}
}

func TestBorrowersOfTheVectorsSignWithTheLendersKey(t *testing.T) {
	for _, v := range vectors.Read(t, vectorsFile).Borrowing {
		borrower := must[*Deployment](t)(ParseDeployment([]byte(v.Borrower)))
		lender := must[*Deployment](t)(ParseDeployment([]byte(v.Lender)))
		d, err := borrower.Borrow(lender)
		if v.Refused != "" {
			if err == nil {
				t.Errorf("%s: not refused", v.Name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if d.KeyPairID != v.KeyPairID || d.MaxURLLifetime != v.MaxURLLifetime || d.MaxKeyAge != v.MaxKeyAge || d.Algorithm != lender.Algorithm ||
			d.Hash != lender.Hash || d.PublicKeySHA256 != lender.PublicKeySHA256 || d.Key != lender.Key || d.BaseURL != borrower.BaseURL {
			t.Errorf("%s: got %+v", v.Name, d)
		}
	}
}

func TestRequestsOfTheVectorsAreSignedByteForByte(t *testing.T) {
	all := vectors.Read(t, vectorsFile)
	keys := map[string]Key{}
	for name, k := range all.Keys {
		key := must[*PrivateKey](t)(ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: k.PEMType, Bytes: k.DERBase64})))
		if public := key.PublicKey(); public.SPKI() != k.SPKI || public.Fingerprint() != k.PublicKeySHA256 {
			t.Errorf("key %s has the public half %s, %s", name, public.SPKI(), public.Fingerprint())
		}
		keys[k.PublicKeySHA256] = key
	}
	open := func(v *vectors.Request) (*Signer, map[string]*PublicKey) {
		d := must[*Deployment](t)(ParseDeployment([]byte(all.Documents[v.Document])))
		s := must[*Signer](t)(Open(t.Context(), fixedSource{d, keys[d.PublicKeySHA256]}, &OpenOptions{Deterministic: true, Now: func() time.Time { return time.Unix(v.Now, 0) }}))
		return s, must[map[string]*PublicKey](t)(d.PublicKeys())
	}
	judge := func(name string, r Request, v *vectors.Request, keys map[string]*PublicKey) {
		r.RemoteAddr = netip.MustParseAddr("203.0.113.7")
		for at, want := range map[int64]bool{v.Now: true, v.Expires - 1: true, v.Expires: false} {
			r.Time = time.Unix(at, 0)
			if verdict := Verify(r, keys); verdict.Allowed != want {
				t.Errorf("%s at %d: allowed is %v: %s", name, at, verdict.Allowed, verdict.Detail)
			}
		}
	}
	for _, v := range all.URLs {
		s, keys := open(&v)
		signed, err := s.Object(t.Context(), v.ObjectKey, policyOfVector(v))
		if (err != nil) != (v.Refused != "") || signed != v.URL {
			t.Errorf("%q: %v\n got %s\nwant %s %s", v.ObjectKey, err, signed, v.URL, v.Refused)
		} else if err == nil {
			judge(signed, Request{URL: signed}, &v, keys)
		}
		s.Close()
	}
	for _, v := range all.Cookies {
		s, keys := open(&v)
		p := policyOfVector(v)
		p.Resource = "" // the argument
		cookies, err := s.Cookies(t.Context(), v.Resource, p, CookieOptions{})
		got := map[string]string{}
		var header []string
		for _, c := range cookies {
			if c.MaxAge >= 0 {
				got[c.Name] = c.Value
				header = append(header, c.Name+"="+c.Value)
			}
		}
		if (err != nil) != (v.Refused != "") || !maps.Equal(got, v.Cookies) {
			t.Errorf("%s: %v\n got %v\nwant %v %s", v.Resource, err, got, v.Cookies, v.Refused)
		} else if err == nil {
			judge(v.Resource, Request{URL: strings.Replace(v.Resource, "*", "a/b.png", 1), Cookie: []string{strings.Join(header, "; ")}}, &v, keys)
		}
		s.Close()
	}
}

func TestThePolicyOfAVectorIsWhatIsSigned(t *testing.T) {
	all := vectors.Read(t, vectorsFile)
	for _, v := range slices.Concat(all.URLs, all.Cookies) {
		if v.Refused != "" {
			continue
		}
		policy := v.Cookies["CloudFront-Policy"]
		if v.URL != "" {
			policy = readQuery(v.URL).policy
		}
		if policy == "" {
			url, _, _ := strings.Cut(v.URL+v.Resource, "?")
			if want := string(cannedText(url, strconv.FormatInt(v.Expires, 10))); v.Policy != want {
				t.Errorf("\n got %s\nwant %s", v.Policy, want)
			}
		} else if text := must[[]byte](t)(decodeCloudFront(policy)); string(text) != v.Policy {
			t.Errorf("\n got %s\nwant %s", text, v.Policy)
		}
	}
}
