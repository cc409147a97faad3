package probe

import (
	"bufio"
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/signedfront/signedfront/signer"
)

// signed is what is signed for a request. The zero value is a canned policy of
// the object for a minute; sign fills it in.
type signed struct {
	policy  string    // of a custom policy; %s is the URL of the object, %d the expiry
	expires time.Time // to the second

	text      string // what the signature is over
	signature string
}

// sign signs, with no regard to whether CloudFront would take it.
func (a *asker) sign(ctx context.Context, s signed) (signed, error) {
	if s.expires.IsZero() {
		s.expires = a.Now().Add(time.Minute)
	}
	const canned = `{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`
	form := s.policy
	if form == "" {
		form = canned
	}
	s.text = strings.NewReplacer("%s", a.object, "%host", a.host, "%path", a.path, "%d", fmt.Sprint(s.expires.Unix())).Replace(form)

	hash, digest := crypto.SHA256, []byte(nil)
	if a.Hash == signer.SHA1 {
		sum := sha1.Sum([]byte(s.text))
		hash, digest = crypto.SHA1, sum[:]
	} else {
		sum := sha256.Sum256([]byte(s.text))
		digest = sum[:]
	}
	signature, err := a.Key.SignDigest(ctx, digest, hash)
	if err != nil {
		return s, fmt.Errorf("signing: %w", err)
	}
	s.signature = encode(signature)
	return s, nil
}

// encode is CloudFront's base64.
func encode(b []byte) string {
	return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(b))
}

// parameters are the ones of a signed URL, in the order of AWS's SDKs.
func (s signed) parameters(a *asker) []parameter {
	first := parameter{"Expires", fmt.Sprint(s.expires.Unix())}
	if s.policy != "" {
		first = parameter{"Policy", encode([]byte(s.text))}
	}
	list := []parameter{first, {"Signature", s.signature}, {"Key-Pair-Id", a.KeyPairID}}
	if a.Hash != signer.SHA1 {
		list = append(list, parameter{"Hash-Algorithm", "SHA256"})
	}
	return list
}

type parameter struct{ name, value string }

func query(path string, parameters []parameter) string {
	var b strings.Builder
	b.WriteString(path)
	separator := "?"
	for _, p := range parameters {
		b.WriteString(separator + p.name + "=" + p.value)
		separator = "&"
	}
	return b.String()
}

func cookies(parameters []parameter) string {
	pairs := make([]string, len(parameters))
	for i, p := range parameters {
		pairs[i] = "CloudFront-" + p.name + "=" + p.value
	}
	return strings.Join(pairs, "; ")
}

// request is what goes over the wire, byte for byte.
type request struct {
	method, target, host string
	cookies              []string
	headers              []parameter
	network              string // "IPv6" to use nothing else; empty for any
}

func (s signed) request(a *asker) request {
	return request{method: "GET", target: query(a.path, s.parameters(a)), host: a.host}
}

// viewer is an address of the kind that the request comes from.
func (r request) viewer(a *asker) netip.Addr {
	if r.network == "IPv6" {
		return netip.MustParseAddr("2001:db8::7")
	}
	return a.address
}

// reply is what is looked at of an answer.
type reply struct {
	status int
	code   string    // of CloudFront's or S3's XML
	time   time.Time // when it was answered
	header http.Header
}

func (r reply) String() string { return strings.TrimSpace(fmt.Sprintf("%d %s", r.status, r.code)) }

const timeout = 20 * time.Second

// send sends a request over a connection of its own: HTTP/1.1, for a client
// that knows better would change what is asked. Errors hold none of it.
func (a *asker) send(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := a.dial(ctx, r.network)
	if err != nil {
		return reply{}, fmt.Errorf("connecting to %s: %w", a.host, err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)

	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: signedfront-probe\r\nConnection: close\r\n", r.method, r.target, r.host)
	for _, line := range r.cookies {
		fmt.Fprintf(&text, "Cookie: %s\r\n", line)
	}
	for _, h := range r.headers {
		fmt.Fprintf(&text, "%s: %s\r\n", h.name, h.value)
	}
	text.WriteString("\r\n")
	if _, err := io.WriteString(conn, text.String()); err != nil {
		return reply{}, fmt.Errorf("asking %s: %w", a.host, err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return reply{}, fmt.Errorf("the answer of %s: %w", a.host, err)
	}
	defer answer.Body.Close()
	got := reply{status: answer.StatusCode, header: answer.Header}
	got.time = answered(answer.Header)
	if answer.StatusCode >= 300 {
		body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
		if err != nil {
			return reply{}, fmt.Errorf("the answer of %s: %w", a.host, err)
		}
		got.code = code(body)
	}
	return got, nil
}

// answered is when an answer was given: what comes from a cache has the Date of
// when it came there, and its Age since.
func answered(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	age, _ := strconv.Atoi(h.Get("Age"))
	return date.Add(time.Duration(age) * time.Second)
}

// code is what an error's XML names, or "page" where it is none.
func code(body []byte) string {
	var e struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}
	if xml.Unmarshal(body, &e) != nil || e.Code == "" {
		return "page"
	}
	return e.Code
}

func (a *asker) dial(ctx context.Context, network string) (net.Conn, error) {
	tcp := map[string]string{"": "tcp", "IPv6": "tcp6"}[network]
	host, port, err := net.SplitHostPort(a.host)
	var missing *net.AddrError
	if errors.As(err, &missing) {
		host, port = a.host, map[string]string{"http": "80", "https": "443"}[a.scheme]
	}
	address := net.JoinHostPort(host, port)
	if a.scheme == "http" {
		return new(net.Dialer).DialContext(ctx, tcp, address)
	}
	dialer := tls.Dialer{Config: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
	return dialer.DialContext(ctx, tcp, address)
}
