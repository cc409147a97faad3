package bucketemptier

import (
	"fmt"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/signer"
)

// tally counts deleted versions, aborted uploads and refusals. It is safe for concurrent
// use.
type tally struct {
	mu       sync.Mutex
	versions int
	uploads  int
	refused  int       // in this round
	refusals []Refusal // the first few of them
}

// maxRefusals is the most refusals that an error names as examples.
const maxRefusals = 3

func (t *tally) deleted(asked int, refusals []Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.versions += asked - len(refusals)
	t.refused += len(refusals)
	t.refusals = append(t.refusals, refusals[:min(len(refusals), maxRefusals-len(t.refusals))]...)
}

func (t *tally) aborted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uploads++
}

func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.versions + t.uploads
}

// refusal returns the error for a round in which S3 refused everything.
func (t *tally) refusal() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	examples := make([]string, len(t.refusals))
	for i, r := range t.refusals {
		examples[i] = fmt.Sprintf("%s (%.60s)", signer.Describe(r.Key, signer.FormName), r.Code)
	}
	if t.refused > len(examples) {
		examples = append(examples, "and so on")
	}
	return fmt.Errorf("S3 refused to delete the other %d: remove what protects them and delete the stack again; they are %s",
		t.refused, strings.Join(examples, ", "))
}
