package edge_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
)

// The edge in a test of an application: the template is the one that
// `cdk synth` writes, the content is the test's own.
func ExampleNew() {
	template, err := os.ReadFile("testdata/template.json")
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	e, err := edge.New(edge.Config{
		Template: template,
		BaseURL:  base,
		Objects:  edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
	})
	if err != nil {
		log.Fatal(err)
	}
	server.Config.Handler = e
	server.Start()
	defer server.Close()

	s, err := e.Signer()
	if err != nil {
		log.Fatal(err)
	}
	signed, err := s.URL(context.Background(), base+"/rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	for _, url := range []string{signed, base + "/rt.png"} {
		response, err := http.Get(url)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Printf("%s, %q\n", response.Status, response.Header.Get("X-Signedfront-Reason"))
	}
	// Output:
	// 200 OK, ""
	// 403 Forbidden, "unsigned: the request is not signed: it has neither CloudFront's query parameters nor its cookies"
}
