package bucketemptier

import (
	"fmt"
	"strings"
	"sync"

	"github.com/signedfront/signedfront/signer"
)

// tally counts what became of a bucket's contents. It is safe for concurrent
// use.
type tally struct {
	mu       sync.Mutex
	versions int
	uploads  int
	refused  int       // in this round
	refusals []Refusal // the first few of them
}

// maxRefusals is how many refusals an error names: its reader needs an example.
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

// refusal is the error of a round in which everything was refused.
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
	return fmt.Errorf("S3 refused to delete the other %d: take away what protects them and delete the stack again; they are %s",
		t.refused, strings.Join(examples, ", "))
}
