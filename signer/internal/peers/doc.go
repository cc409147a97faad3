// Package peers compares the signer with other signers of CloudFront URLs, with the
// clients that request signed URLs and with players that read playlists. It is a
// module of its own, so that its dependencies are not those of programs that import
// the signer:
//
//	go test -C signer/internal/peers ./...                    the comparisons
//	go test -C signer/internal/peers -run '^$' -bench . ./... the figures
//	go test -C signer/internal/peers -run Spellings . -update the table of spellings
//
// The other signers are aws-sdk-go-v2, botocore, @aws-sdk/cloudfront-signer and the
// AWS CLI. The players of rewritten playlists are hls.js and Shaka Player. The 17
// HTTP clients are Go, curl, wget, apt, Chromium, requests, httpx, urllib and
// aiohttp of Python, fetch, axios, got and node-fetch 2 in Node.js, java.net.http,
// OkHttp, Apache HttpClient 4 and 5. testdata/spellings.txt records what they send
// for each printable character.
//
// The programs of signer/languages sign for an account that a small server
// simulates; the verifier and the edge check what they sign.
//
// The tests need python3 with venv, node, npm, curl, wget, chromium, a JDK, and
// from Debian apt, libokhttp-java, libhttpclient-java and libhttpclient5-java.
// Packages from PyPI and npm are installed, at the versions in testdata, into a
// folder that is removed at the end. A missing tool is a failure.
package peers
