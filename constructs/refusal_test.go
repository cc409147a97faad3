package constructs

import (
	"errors"
	"runtime"
	"testing"
)

func TestAFaultOfThisProgramIsNotTakenForAMistakeInTheProps(t *testing.T) {
	faults := map[string]func(){
		"a nil pointer":  func() { var p *PrivateContentProps; _ = *p },
		"a nil map":      func() { func(m map[string]int) { m["a"] = 1 }(nil) },
		"a wrong index":  func() { var list []int; _ = list[len(list)] },
		"a wrong type":   func() { var value any = 1; _ = value.(string) },
		"a closed queue": func() { c := make(chan int); close(c); close(c) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, is := recover().(runtime.Error); !is {
					t.Error("the fault became an error")
				}
			}()
			defer func() { _ = CDKError(recover()) }()
			fault()
		})
	}
	for _, panicked := range []any{"the CDK refuses this\n    at Object.js:1", errors.New("the CDK refuses this")} {
		if err := CDKError(panicked); err.Error() != "the CDK refuses this" {
			t.Errorf("%v: got %v", panicked, err)
		}
	}
}
