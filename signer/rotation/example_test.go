package rotation_test

import (
	"fmt"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/rotation"
)

// observation returns a deployment whose second key was added at 9:00 and made
// current at noon.
func observation(now time.Time) rotation.Observation {
	day := func(hour int) time.Time { return time.Date(2026, 7, 1, hour, 0, 0, 0, time.UTC) }
	document := func(keyPairID string) *signer.Deployment {
		return &signer.Deployment{KeyPairID: keyPairID, MaxURLLifetime: 7 * 24 * 60 * 60, MaxKeyAge: 60 * 60}
	}
	return rotation.Observation{
		Now: now,
		PublicKeys: []rotation.PublicKey{
			{ID: "K2JCJMDEHXQW5F", Number: 1, Created: day(1)},
			{ID: "K3D5EWEUDCCXON", Number: 2, Created: day(9)},
		},
		KeyGroup: rotation.KeyGroup{Members: []string{"K2JCJMDEHXQW5F", "K3D5EWEUDCCXON"}, Modified: day(9)},
		History: []rotation.Version{
			{Number: 1, Modified: day(1), Document: document("K2JCJMDEHXQW5F")},
			{Number: 2, Modified: day(12), Document: document("K3D5EWEUDCCXON")},
		},
	}
}

// This change removes the first key a day after the second one became current.
func ExampleJudge() {
	v := rotation.Judge(observation(time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)), rotation.Change{
		Keys:    []string{"K3D5EWEUDCCXON"},
		Current: "K3D5EWEUDCCXON",
	})
	fmt.Println(v.Err())
	fmt.Println("safe in", v.From.Sub(time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)))
	// Output:
	// signing key 1 (K2JCJMDEHXQW5F) signed until 2026-07-01T12:00:00Z (maxUrlLifetime 7d, maxKeyAge 1h), and its URLs may be valid until 2026-07-08T13:19:02Z: keep it in the key group until then, and remove it afterwards
	// safe in 145h19m2s
}

// Somebody else has the first key.
func ExampleJudge_compromised() {
	v := rotation.Judge(observation(time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)), rotation.Change{
		Keys:        []string{"K3D5EWEUDCCXON"},
		Current:     "K3D5EWEUDCCXON",
		Compromised: []string{"K2JCJMDEHXQW5F"},
	})
	fmt.Println("safe:", v.Safe)
	for _, cost := range v.Lifted {
		fmt.Println(cost)
	}
	// Output:
	// safe: true
	// signing key 1 (K2JCJMDEHXQW5F) signed until 2026-07-01T12:00:00Z (maxUrlLifetime 7d, maxKeyAge 1h), and its URLs may be valid until 2026-07-08T13:19:02Z: CloudFront refuses them, and those that signers make until they have read the deployment document
}

func ExampleAssess() {
	s := rotation.Assess(observation(time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)))
	for _, k := range s.Keys {
		fmt.Println(k.Number, k.KeyPairID, k.State, "since", k.Since.Format(time.RFC3339))
	}
	for _, step := range s.Steps {
		if step.Safe {
			fmt.Printf("safe: %s %q\n", step.Action, step.KeyPairID)
		}
	}
	fmt.Println("next:", s.Next.Format(time.RFC3339))
	// Output:
	// 1 K2JCJMDEHXQW5F draining since 2026-07-01T12:00:00Z
	// 2 K3D5EWEUDCCXON current since 2026-07-01T12:00:00Z
	// safe: change limits ""
	// safe: add ""
	// safe: promote "K2JCJMDEHXQW5F"
	// safe: remove compromised "K2JCJMDEHXQW5F"
	// next: 2026-07-08T13:19:02Z
}
