package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/signedfront/signedfront/constructs/config"
)

// Read takes the context of a cdk.json and fills in the defaults.
func ExampleRead() {
	const file = `{
	  "app": "go run cdk.go",
	  "context": {
	    "project": "media",
	    "environments": {
	      "dev":  {"ephemeral": true, "lendKeys": true},
	      "pr-*": {"ephemeral": true, "signingKeys": {"from": "dev"}},
	      "prod": {
	        "account": "111122223333", "region": "eu-west-1",
	        "maxUrlLifetime": "1d12h",
	        "responseHeaders": {"custom": {"X-Robots-Tag": "noindex"}}
	      }
	    }
	  }
	}`
	var cdk struct{ Context map[string]any }
	if err := json.Unmarshal([]byte(file), &cdk); err != nil {
		log.Fatal(err)
	}
	c, err := config.Read(cdk.Context, os.DirFS(".")) // the folder of cdk.json
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range c.Environments {
		fmt.Println(e.StackName(), e.ParameterName(), e.TerminationProtection, e.Content.MaxURLLifetime, e.Content.OriginAccess)
	}
	// Output:
	// media-dev /signedfront/media/dev false 168h0m0s oai
	// media-prod /signedfront/media/prod true 36h0m0s oai
}

// All mistakes are reported at once: the error contains a Problem for each.
func ExampleRead_mistakes() {
	_, err := config.Read(map[string]any{
		"project": "media",
		"environments": map[string]any{"prod": map[string]any{
			"regoin":      "eu-west-1",
			"maxKeyAge":   "1s",
			"publicPaths": []any{"assets/*"},
		}},
	}, nil)
	fmt.Println(err)

	var problems config.Problems
	if errors.As(err, &problems) {
		fmt.Println(problems[0].Path)
	}
	// Output:
	// cdk.json: 3 problems:
	//   environments.prod.regoin: unknown setting; did you mean "region"?
	//   environments.prod.maxKeyAge: 1s; write 1m or more: with less, signers would spend the account's quota of reading parameters
	//   environments.prod.publicPaths[0]: "assets/*"; write "/assets/*": a pattern starts with / or *
	// environments.prod.regoin
}

// For a Go program, problems have the names of its fields.
func ExampleContent_Check() {
	content := config.Content{
		Encryption: config.EncryptionKMS,
		CORS:       &config.CORS{Origins: []string{"*"}, Credentials: true},
	}
	for _, problem := range content.WithDefaults().Check() {
		fmt.Println(problem)
	}
	// Output:
	// Encryption: "kms" with OriginAccess "oai"; move OriginAccess to "oac" first, or write "s3": an origin access identity cannot read what KMS encrypts
	// CORS.Origins[0]: "*" with Credentials; list the origins: if every origin may read, browsers send no cookies
}

func ExampleParseDuration() {
	d, ok := config.ParseDuration("1d12h")
	fmt.Println(d, ok)
	fmt.Println(config.FormatDuration(90 * time.Minute))
	// Output:
	// 36h0m0s true
	// 1h30m
}

func ExampleNearest() {
	fmt.Println(config.Nearest("regoin", []string{"account", "region", "tags"}))
	// Output: region
}
