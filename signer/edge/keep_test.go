package edge

import (
	"testing"
	"unsafe"
)

func TestWhatIsKeptOfAFileHoldsNoSignedURLInMemory(t *testing.T) {
	target := "/a.txt?Signature=secret"
	key := target[1:6]
	kept := make(map[string]int)
	for range 2 {
		keep(kept, 1, key, 0)
		for name := range kept {
			if name != key || unsafe.StringData(name) == unsafe.StringData(key) {
				t.Errorf("%q is a part of the target of the request", name)
			}
		}
	}
}
