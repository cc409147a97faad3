// Package scripttest runs the scripts of testdata/script against the built command
// line. The scripts are its manual: commands and their output.
//
//	go test -C signer/cmd/signedfront/scripttest ./...
//
// With UPDATE_SCRIPTS=1 in the environment, the expected output in the scripts is
// rewritten.
package scripttest
