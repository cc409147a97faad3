// Package peers compares the signer with the other signers of CloudFront URLs,
// with the clients that request them and with the players that read playlists.
// It is a module of its own, so that what it compares with never becomes a
// dependency of the programs that import the signer:
//
//	go test -C signer/internal/peers ./...                    the comparisons
//	go test -C signer/internal/peers -run '^$' -bench . ./... the figures
//
// They compare with aws-sdk-go-v2, botocore, @aws-sdk/cloudfront-signer and the
// AWS CLI, and look at what Go, curl, Python requests and Chromium make of a
// signed URL, and hls.js and Shaka Player of a rewritten playlist. That needs
// python3 with venv, node, npm, curl and chromium. What comes from PyPI and npm
// is installed, at the versions in testdata, into a folder that is removed at the
// end. A tool that is missing is a failure.
package peers
