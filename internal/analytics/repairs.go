package analytics

// attempts are those of one scenario, the first one first.
type attempts struct{ repairs []Share }

// repaired counts the attempts of an incident. Only the last one of a run that recovered has held.
func (s *side) repaired(t *tally, i int, f *row, b *batch) {
	if f.attempted == 0 {
		return
	}
	of := s.attemptsBy(b, i)
	last := f.attempted.Last()
	of.reach(last)
	for n := 1; n <= last; n++ {
		if !f.attempted.Has(n) {
			continue
		}
		t.n[nAttempts]++
		of.repairs[n-1].Of++
		if n == last && f.isRecovered() {
			t.n[nVerified]++
			of.repairs[n-1].Count++
		}
	}
}

// attemptsBy gives the counters of an incident's scenario.
func (s *side) attemptsBy(b *batch, i int) *attempts {
	code := b.scenario.codes[i]
	if s.attemptsOf[code] == nil {
		name := b.scenario.names[code]
		if s.attempts[name] == nil {
			s.attempts[name] = &attempts{}
		}
		s.attemptsOf[code] = s.attempts[name]
	}
	return s.attemptsOf[code]
}

// reach makes counters up to an attempt.
func (a *attempts) reach(attempt int) {
	for len(a.repairs) < attempt {
		a.repairs = append(a.repairs, Share{})
	}
}

// at gives an attempt, also of a scenario that is not there.
func (a *attempts) at(attempt int) Share {
	if a == nil || attempt > len(a.repairs) {
		return Share{}
	}
	return a.repairs[attempt-1]
}

func (a *attempts) merge(o *attempts) {
	a.reach(len(o.repairs))
	for i, share := range o.repairs {
		a.repairs[i].Count += share.Count
		a.repairs[i].Of += share.Of
	}
}
