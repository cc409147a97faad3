package bucketemptier

import "sync"

// crewSize is the number of concurrent requests. S3 allows 3,500 deletes per second and
// prefix.
const crewSize = 8

// crew runs at most crewSize jobs at the same time. After the first failure it starts no
// more.
type crew struct {
	places chan struct{}
	group  sync.WaitGroup

	mu    sync.Mutex
	err   error
	panic any
}

func newCrew() *crew { return &crew{places: make(chan struct{}, crewSize)} }

// do waits for a free place and starts a job.
func (c *crew) do(job func() error) {
	c.places <- struct{}{}
	if c.failed() {
		<-c.places
		return
	}
	c.group.Go(func() {
		defer func() { <-c.places }()
		defer func() {
			// A panic here would end the program without an answer.
			if fault := recover(); fault != nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.panic = fault
			}
		}()
		if err := job(); err != nil {
			c.fail(err)
		}
	})
}

func (c *crew) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *crew) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil || c.panic != nil
}

// wait waits for all jobs and returns the first failure. It panics if a job panicked.
func (c *crew) wait() error {
	c.group.Wait()
	if c.panic != nil {
		panic(c.panic)
	}
	return c.err
}
