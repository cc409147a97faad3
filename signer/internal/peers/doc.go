// Package peers compares the signer with the other signers of CloudFront URLs,
// with the clients that request them and with the players that read playlists.
// It is a module of its own, so that what it compares with never becomes a
// dependency of the programs that import the signer. Run it from this folder:
//
//	go test ./...                     against aws-sdk-go-v2
//	go test -tags peers ./...         also against botocore, @aws-sdk/cloudfront-signer
//	                                  and the AWS CLI, and what Go, curl, Python requests
//	                                  and Chromium make of a signed URL, and what hls.js
//	                                  and Shaka Player make of a rewritten playlist
//	go test -run '^$' -bench .        the figures
//	go test -run '^$' -bench CommandLine -benchtime 11x -tags peers
//	                                  the figure of the command line
//
// The tag peers needs python3 with venv, node, npm, curl and chromium. What
// comes from PyPI and npm is installed, at the versions in testdata, into a
// folder that is removed at the end. A tool that is missing is a failure.
package peers
