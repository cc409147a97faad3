// Package scripttest runs the scripts of testdata/script against the built
// command line. They are its manual: what is typed, and what it answers.
//
//	go test -C signer/cmd/signedfront/scripttest ./...
//
// With UPDATE_SCRIPTS=1 in the environment, what the scripts compare with is
// written anew.
package scripttest
