package sample

import "testing"

func TestADoorOpensToItsKeyAlone(t *testing.T) {
	if !Opens(2, 2, false) || Opens(2, 3, false) || Opens(-1, -1, false) {
		t.Error("wrong")
	}
}

func TestAStairIsCounted(t *testing.T) {
	if Steps(3) != 3 {
		t.Error("wrong")
	}
}
