// Package signer signs URLs and cookies for private content on Amazon CloudFront,
// and verifies them as CloudFront does.
//
// # Getting started
//
// This code signs a URL that is valid for two minutes. It needs the private key in
// a PEM file, and the id that CloudFront gave the public key:
//
//	key, err := signer.LoadPrivateKey("key.pem")
//	s, err := signer.New("K2JCJMDEHXQW5F", key, nil)
//	signed, err := s.URL(ctx, "https://d111111abcdef8.cloudfront.net/rt.png", signer.Policy{TTL: 2 * time.Minute})
//
// ObjectURL returns the URL of an S3 object, whatever bytes its key holds.
//
// # Keys
//
// CloudFront accepts RSA keys of 2048 bits and ECDSA keys on P-256. GenerateKey
// generates either kind. LoadPrivateKey reads PKCS #8, PKCS #1 and SEC 1. KeyFrom
// wraps any crypto.Signer. A key that signs over a network implements Key. A
// PrivateKey prints redacted, however deep it is nested.
//
// The default is ECDSA with SHA-256. It signs over 30 times faster than RSA, and
// its URLs are about 250 characters shorter.
//
// # Policies
//
// A Policy sets when a signature expires and, optionally, when it starts, which
// address may use it, and which resource it opens. A policy that sets only the
// expiry is signed as a canned policy, which keeps the URL short. Any other policy
// is signed as a custom policy. The package chooses between the two.
//
// Policy.Resource may hold wildcards. Escape text from outside, such as a user's
// name, with EscapeSegment before it becomes a part of a resource: a user called *
// would otherwise open everyone's files. Signer.OpenAll opens everything below a
// prefix and needs no wildcard.
//
// # Passes, cookies and stable URLs
//
// Signer.OpenAll returns a Pass: one signature that opens everything below a
// prefix. A pass makes URLs and cookies without using the key again. Whoever holds
// one of its URLs can open everything below the prefix. Pass.Query is for players
// that build URLs themselves. Package hls adds passes to playlists.
//
// Signer.Cookies returns cookies for a resource with wildcards. It checks that
// browsers accept them and send them to the content. ClearCookies removes them.
// Package signhttp has handlers for both.
//
// Policy.Window gives all requests for one resource within a window the same
// expiry, so that caches see one URL. It needs signatures that repeat.
//
// # Deployments and rotation
//
// A deployment document (Deployment) holds everything that a signer needs except
// the private key. Open returns a Signer that reads the document and its key from a
// Source: FileSource and EnvSource here, and in package awskeys Systems Manager,
// Secrets Manager and KMS. The signer follows key rotations by itself. During an
// outage it goes on with the key it has, but never longer than the deployment's
// maxKeyAge.
//
// # Recording grants
//
// Options.OnGrant and OpenOptions.OnGrant are called with a Grant before each URL,
// each set of cookies and each pass is returned. The Grant says what is opened, for
// which subject (WithSubject) and until when. A Grant is a slog.LogValuer, and
// holds no signature. If a pass is kept and given to several viewers, Pass.GiveAgain
// records each of them, as package signhttp does.
//
// # What is refused
//
// CloudFront compares the URL that was signed with the URL that arrives, byte for
// byte. A URL that Go, curl, Python or a browser would rewrite is refused with a
// URLError, which names the byte and the fix. CheckURL lists the clients. These are
// refused too: hosts of S3, policies that end in the past or beyond the
// deployment's limit, durations under a second (a plain number counts nanoseconds),
// malformed key pair ids, and wildcards in a host.
//
// No error quotes a value that may be a private key: Describe says what such a
// value looks like instead.
//
// URLs are strings in this API, because net/url rewrites them.
//
// # Verification
//
// Verify decides on a request as CloudFront does, and returns the reason, which
// CloudFront does not send. Where CloudFront's behavior is not known, Verify denies
// and says so (Verdict.Certain). Explain also looks for the usual causes of a
// refusal. Both depend on their arguments alone. They are for tests, for the local
// edge and for support. Zero values deny, except Request.Time, whose zero value
// means now. Deployment.PublicKeys returns the keys that a distribution trusts; it
// needs no permission to sign.
//
// # What the package does not do
//
// It has no http.RoundTripper that signs, because a signed URL is made for somebody
// else. It does not sign uploads: for an upload, presign a PUT with the S3 SDK.
package signer
