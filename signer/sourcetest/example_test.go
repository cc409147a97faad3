package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/sourcetest"
)

// A program that signs is tested without AWS: with a deployment in memory, a
// clock of the test's own, and an outage when the test says so.
func ExampleMemory() {
	ctx := context.Background()
	source := sourcetest.NewMemory()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	s, err := signer.Open(ctx, source, &signer.OpenOptions{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signer.Verify(signer.Request{URL: signed, Time: now}, source.PublicKeys()).Allowed)

	// The process is frozen for a day, in which the source goes down.
	now = now.Add(24 * time.Hour)
	source.Fail(errors.New("no network"))
	_, err = s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
	fmt.Println(errors.As(err, new(*signer.StaleError)))
	// Output:
	// true
	// true
}
