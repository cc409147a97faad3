// Package peers compares the signer with the other signers of CloudFront URLs,
// with the clients that request them and with the players that read playlists.
// It is a module of its own, so that what it compares with never becomes a
// dependency of the programs that import the signer:
//
//	go test -C signer/internal/peers ./...                    the comparisons
//	go test -C signer/internal/peers -run '^$' -bench . ./... the figures
//	go test -C signer/internal/peers -run Spellings . -update the table of spellings
//
// They compare with aws-sdk-go-v2, botocore, @aws-sdk/cloudfront-signer and the
// AWS CLI, and look at what hls.js and Shaka Player make of a rewritten playlist,
// and at what 17 HTTP clients make of a signed URL: Go, curl, wget, apt, Chromium,
// requests, httpx, urllib and aiohttp of Python, fetch, axios, got and node-fetch 2
// in Node.js, java.net.http, OkHttp, Apache HttpClient 4 and 5. What they send for
// each printable character is recorded in testdata/spellings.txt.
//
// The programs of signer/languages sign here for an account that a small server
// plays, and what they sign is opened by the verifier and the edge.
//
// That needs python3 with venv, node, npm, curl, wget, chromium, a JDK, and of
// Debian apt, libokhttp-java, libhttpclient-java and libhttpclient5-java. What
// comes from PyPI and npm is installed, at the versions in testdata, into a folder
// that is removed at the end. A tool that is missing is a failure.
package peers
