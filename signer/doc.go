// Package signer signs URLs and cookies for private content behind Amazon
// CloudFront, and verifies them as CloudFront does.
//
// # First
//
// From a private key in a PEM file and the id that CloudFront gave its public
// half, to a URL that is good for two minutes:
//
//	key, err := signer.LoadPrivateKey("key.pem")
//	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
//	signed, err := s.URL(ctx, "https://d111111abcdef8.cloudfront.net/rt.png", signer.Policy{TTL: 2 * time.Minute})
//
// ObjectURL makes the URL of an S3 object from its key, whatever is in it.
//
// # Keys
//
// CloudFront takes RSA of 2048 bits and ECDSA on P-256. GenerateKey makes
// either; LoadPrivateKey reads PKCS #8, PKCS #1 and SEC 1; KeyFrom takes any
// crypto.Signer; and whatever implements Key may sign over a network. A
// PrivateKey prints redacted wherever it is nested.
//
// ECDSA with SHA-256 is the default: it signs over 30 times faster than RSA,
// and its URLs are about 250 characters shorter.
//
// # Policies
//
// A Policy says until when, from when, for which address and for what. With an
// end alone the signature has a canned policy, which makes the URL short;
// anything else asks for a custom one. The choice is made here.
//
// A policy's Resource may hold wildcards. Text from outside, such as a user's
// name, becomes a part of it through EscapeSegment alone: a user called * would
// otherwise open everyone's files. Signer.OpenAll opens all below a prefix and
// needs no wildcard.
//
// # Passes, cookies and stable URLs
//
// Signer.OpenAll makes a Pass: one signature that opens everything below a
// prefix, and URLs and cookies from it at the price of a string. Whoever holds
// one of its URLs can open all of the prefix. Pass.Query is for players that make
// URLs themselves, and package hls puts passes into playlists.
//
// Signer.Cookies makes cookies for a resource with wildcards, checks that a
// browser takes them and sends them where they belong, and ClearCookies removes
// them. Package signhttp has handlers for both.
//
// Policy.Window gives everyone who asks for one thing during a while the same
// end, so that caches see one URL; it wants signatures that repeat.
//
// # Deployments and rotation
//
// A deployment document (Deployment) tells everything but the key. Open makes a
// signer of a Source, which reads the document and the key it names: FileSource
// and EnvSource here, Systems Manager, Secrets Manager and KMS in package
// awskeys. The signer notices a rotation by itself, goes on through an outage,
// and signs with no key that it could not confirm for longer than the
// deployment allows.
//
// # A record of each grant
//
// Options.OnGrant and OpenOptions.OnGrant are told of each URL, each set of cookies
// and each pass before it is given out: what it opens, for whom (WithSubject) and
// until when. The record is a Grant, which log/slog writes and which opens nothing.
//
// # What is refused, and why
//
// CloudFront compares the signed URL with the one that arrives, byte for byte.
// A URL that Go, curl, Python or a browser would rewrite on its way is refused
// with the byte and the fix (URLError), rather than denied to some of the users
// later: CheckURL says for which clients it vouches. So are hosts of S3, policies that end in the past or further ahead
// than the deployment allows, times under a second, which are numbers of
// nanoseconds, ids that CloudFront does not make, and wildcards in a host.
//
// No error shows what may be a private key that was handed in as something else:
// Describe says what it looks like instead.
//
// URLs come and go as strings: net/url rewrites them.
//
// # Verification
//
// Verify decides about a request as CloudFront does, and gives the reason that
// CloudFront never tells. Where it is not known what CloudFront does, it takes
// the strict side and says so. Explain also finds out what went wrong on the
// way. Both depend on their arguments alone, and are for tests, for a local edge
// and for support. A zero value denies, but for Request.Time, which is then now.
// The keys of a deployment are in its document, where Deployment.PublicKeys reads
// them: no right to sign is needed.
//
// # What it does not do
//
// It has no http.RoundTripper that signs: a signed URL is made for someone
// else. It does not upload: CloudFront's signatures open, and an upload is a
// presigned PUT of the S3 SDK.
package signer
