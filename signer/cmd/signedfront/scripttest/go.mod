module github.com/signedfront/signedfront/signer/cmd/signedfront/scripttest

go 1.25.0

require (
	github.com/rogpeppe/go-internal v1.16.0
	github.com/signedfront/signedfront v0.0.0
)

require (
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/tools v0.48.0 // indirect
)

replace github.com/signedfront/signedfront => ../../../..
