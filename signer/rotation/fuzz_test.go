package rotation_test

import (
	"encoding/binary"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/rotation"
)

// input makes observations and changes from bytes: any times, numbers and texts.
type input []byte

func (in *input) byte() byte {
	if len(*in) == 0 {
		return 0
	}
	b := (*in)[0]
	*in = (*in)[1:]
	return b
}

func (in *input) int() int64 {
	switch b := in.byte(); b % 8 {
	case 0:
		return 0
	case 1:
		return int64(b)
	case 2:
		return -int64(b)
	case 3:
		return 1<<63 - 1
	case 4:
		return -1 << 63
	case 5:
		return int64(b) * 1e9
	}
	var b [8]byte
	for i := range b {
		b[i] = in.byte()
	}
	return int64(binary.LittleEndian.Uint64(b[:]))
}

func (in *input) time() time.Time {
	switch b := in.byte(); b % 8 {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(in.int(), in.int())
	case 2:
		return time.Now() // with a monotonic reading
	default:
		return noon.Add(time.Duration(int8(in.byte())) * time.Duration(b) * time.Minute)
	}
}

func (in *input) id() string {
	return []string{"", "K1", "K2", "K3", "-----BEGIN PRIVATE KEY-----", "a key to be made"}[in.byte()%6]
}

func (in *input) ids() (ids []string) {
	for range in.byte() % 8 {
		ids = append(ids, in.id())
	}
	return ids
}

func (in *input) limits() rotation.Limits {
	return rotation.Limits{MaxURLLifetime: time.Duration(in.int()), MaxKeyAge: time.Duration(in.int())}
}

func (in *input) observation() rotation.Observation {
	o := rotation.Observation{
		Now:      in.time(),
		KeyGroup: rotation.KeyGroup{Members: in.ids(), Modified: in.time()},
		Bounds:   rotation.Bounds{Propagation: time.Duration(in.int()), Clocks: time.Duration(in.int())},
		Unread:   in.limits(),
	}
	for range in.byte() % 6 {
		o.PublicKeys = append(o.PublicKeys, rotation.PublicKey{ID: in.id(), Number: int(in.int()), Created: in.time()})
	}
	for range in.byte() % 10 {
		v := rotation.Version{Number: in.int(), Modified: in.time()}
		if in.byte()%8 > 0 {
			v.Document = &signer.Deployment{KeyPairID: in.id(), MaxURLLifetime: in.int(), MaxKeyAge: in.int()}
			if in.byte()%8 == 0 {
				v.Document.Key.Parameter = in.id()
			}
		}
		o.History = append(o.History, v)
	}
	return o
}

// FuzzAnyObservationIsAnswered also checks what must hold for every result.
func FuzzAnyObservationIsAnswered(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("\x03\x10\x02\x01\x02\x03\x10\x05\x05\x00\x00\x02\x01\x01\x03\x10\x02\x02\x03\x10\x02\x01\x03\x10\x01\x01\x05\x05\x01\x01\x03\x10\x01\x02\x05\x05\x01"))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		in := input(bytes)
		o := in.observation()
		c := rotation.Change{Keys: in.ids(), Current: in.id(), Compromised: in.ids()}
		v, s := rotation.Judge(o, c), rotation.Assess(o)

		if v.Safe != (len(v.Faults) == 0) || v.Safe != (v.Err() == nil) {
			t.Errorf("safe: %v, faults %v, error %v", v.Safe, v.Faults, v.Err())
		}
		for _, found := range append(v.Faults, v.Lifted...) {
			if found.Error() == "" {
				t.Error("a fault without a text")
			}
		}
		if !v.From.IsZero() {
			if v.From.Nanosecond() != 0 || v.From.Year() > 9999 || v.From.Location() != time.UTC {
				t.Errorf("safe from %v", v.From)
			}
			if !o.Now.IsZero() && o.Now.Year() > 1969 && o.Now.Year() < 9999 && !v.From.After(o.Now) {
				t.Errorf("not safe at %s, though safe from %s", o.Now, v.From)
			}
			later := o
			later.Now = v.From
			if again := rotation.Judge(later, c); !again.Safe {
				t.Errorf("not safe at the time from which it is: %v", again.Err())
			}
		}
		if !reflect.DeepEqual(rotation.Judge(o, c), v) || !reflect.DeepEqual(rotation.Assess(o), s) {
			t.Error("two answers to one question")
		}
		for _, k := range s.Keys {
			if k.State == "" {
				t.Errorf("no state: %+v", k)
			}
			if known := k.Since.IsZero() || k.Since.Year() > 1969 && k.Since.Year() < 10000; !known {
				t.Errorf("%s since %s", k.State, k.Since)
			}
		}

		// An unknown value never makes a change safe.
		for i := range o.History {
			less := o
			less.History = slices.Clone(o.History)
			less.History[i].Document = nil
			less.PublicKeys, less.Unread = nil, rotation.Limits{}
			if c.Current != "" && rotation.Judge(less, c).Safe && !v.Safe {
				t.Errorf("a version that cannot be read makes a change safe: %v", v.Err())
			}
		}
	})
}
