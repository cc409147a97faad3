package page_test

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"testing/fstest"

	"github.com/signedfront/signedfront/signer/edge"
	"github.com/signedfront/signedfront/signer/edge/page"
)

// A local edge with its page. Each has its own port. Open the page's.
func ExampleNew() {
	template, err := os.ReadFile("../testdata/template.json")
	if err != nil {
		log.Fatal(err)
	}
	objects := edge.OpenFS(fstest.MapFS{"rt.png": {Data: []byte("a picture")}})
	var e *edge.Edge
	p, err := page.New(page.Config{
		Address: "http://127.0.0.1:8081",
		BaseURL: "http://127.0.0.1:8080",
		Edge:    func() *edge.Edge { return e },
		Objects: objects,
		Token:   "leave-this-out-for-a-random-one",
	})
	if err != nil {
		log.Fatal(err)
	}
	e, err = edge.New(edge.Config{Template: template, BaseURL: "http://127.0.0.1:8080", Objects: objects, Observe: p.Observe})
	if err != nil {
		log.Fatal(err)
	}
	for _, server := range []*http.Server{{Addr: "127.0.0.1:8080", Handler: e}, {Addr: "127.0.0.1:8081", Handler: p}} {
		_ = server // ListenAndServe
	}
	fmt.Println(p.URL())
	// Output: http://127.0.0.1:8081/#token=leave-this-out-for-a-random-one
}
