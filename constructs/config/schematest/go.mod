module github.com/signedfront/signedfront/constructs/config/schematest

go 1.25.0

require (
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/signedfront/signedfront v0.0.0
)

require golang.org/x/text v0.14.0 // indirect

replace github.com/signedfront/signedfront => ../../..
