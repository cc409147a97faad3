package recorded_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/recorded"
)

// The shipped stack on this machine, without Node.js or the CDK.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	defer server.Close()
	e, err := edge.New(edge.Config{
		Template:  recorded.Template(),
		StackName: recorded.StackName,
		BaseURL:   "http://" + server.Listener.Addr().String(),
		Objects:   edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}}),
	})
	if err != nil {
		log.Fatal(err)
	}
	server.Config.Handler = e
	server.Start()

	signs, err := e.Signer()
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signs.URL(context.Background(), server.URL+"/rt.png", signer.Policy{TTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	unsigned, _, _ := strings.Cut(signed, "?")
	for _, url := range []string{signed, unsigned} {
		answer, err := http.Get(url)
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Println(answer.Status)
	}
	// Output:
	// 200 OK
	// 403 Forbidden
}
