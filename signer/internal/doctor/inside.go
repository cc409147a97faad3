package doctor

import "github.com/signedfront/signedfront/signer/internal/status"

// Inside returns the results of a status. Each finding is a check that failed, and each
// needed part that was not read is a check that could not be asked. The last result is
// whether every edge location has the last change.
func Inside(s *status.Report) []Result {
	const asks = "does signedfront status find nothing wrong?"
	var list []Result
	for _, f := range s.Findings {
		list = append(list, Result{Group: "inside", Check: f.Check, Asks: asks, Outcome: Failed, What: f.What, Meaning: f.Meaning, Do: f.Do})
	}
	for _, u := range s.Unread {
		if u.Needed {
			list = append(list, Result{Group: "inside", Check: u.Line, Asks: asks, Outcome: CouldNotAsk, What: u.Why})
		}
	}
	if len(list) == 0 {
		list = append(list, Result{Group: "inside", Check: "status", Asks: asks, Outcome: Passed, What: "nothing is wrong"})
	}
	if s.Served == nil {
		return list
	}
	last := Result{Group: "inside", Check: "propagation", Asks: "does every edge have the last change of the distribution?", Outcome: Passed, What: "every edge has it"}
	if !s.Served.Deployed {
		last.Outcome, last.What = Failed, "the distribution is in progress"
		last.Meaning, last.Do = "some edges answer as before the change", "wait a few minutes, then run doctor again"
	}
	return append(list, last)
}

// Add inserts results before those of the report.
func (r *Report) Add(results ...Result) {
	r.Checks = append(results, r.Checks...)
	r.judge()
}

func (r *Report) judge() { r.Healthy = r.Count(Failed)+r.Count(CouldNotAsk) == 0 }
