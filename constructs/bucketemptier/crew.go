package bucketemptier

import "sync"

// crewSize is how many requests are under way at once. S3 takes 3,500 deletes
// a second and prefix.
const crewSize = 8

// crew does jobs at the same time, crewSize at most. After the first failure
// it takes no more.
type crew struct {
	places chan struct{}
	group  sync.WaitGroup

	mu    sync.Mutex
	err   error
	panic any
}

func newCrew() *crew { return &crew{places: make(chan struct{}, crewSize)} }

// do starts a job, once there is a place.
func (c *crew) do(job func() error) {
	c.places <- struct{}{}
	if c.failed() {
		<-c.places
		return
	}
	c.group.Go(func() {
		defer func() { <-c.places }()
		defer func() {
			// A panic here would end the program, and no answer be given.
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

// wait returns the first failure when all jobs have ended. A job's panic goes
// on here.
func (c *crew) wait() error {
	c.group.Wait()
	if c.panic != nil {
		panic(c.panic)
	}
	return c.err
}
