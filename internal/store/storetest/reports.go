package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func reportTo(place string, turn int) incident.ReportDelivery {
	return incident.ReportDelivery{Report: "weekly", At: after(turn), Place: place, Begun: after(turn + 1)}
}

func reportsOnce(t *testing.T, s *store.Store) {
	first := reportTo("slack #ops", 0)
	known, isNew, err := s.BeginReportDelivery(t.Context(), first)
	must(t, err)
	if !isNew || !cmp.Equal(known, first) {
		t.Fatalf("begun: new %v, %s", isNew, cmp.Diff(first, known))
	}
	again := first
	again.Begun = after(500)
	if known, isNew, err = s.BeginReportDelivery(t.Context(), again); err != nil || isNew || !cmp.Equal(known, first) {
		t.Errorf("begun again: new %v, %+v, %v", isNew, known, err)
	}
	first.Ended, first.Result = after(2), "sent"
	must(t, s.EndReportDelivery(t.Context(), first))
	late := first
	late.Ended, late.Result = after(9), "something else"
	must(t, s.EndReportDelivery(t.Context(), late))
	must(t, s.PutOffReportDelivery(t.Context(), late))
	if known, isNew, err = s.BeginReportDelivery(t.Context(), again); err != nil || isNew || !cmp.Equal(known, first) {
		t.Errorf("after its end: new %v, %+v, %v", isNew, known, err)
	}
	put := reportTo("mail ops@acme.example", 0)
	for _, reason := range []string{"away", "busy"} {
		if _, isNew, err := s.BeginReportDelivery(t.Context(), put); err != nil || !isNew {
			t.Errorf("what was put off is not new: %v", err)
		}
		if known, isNew, err := s.BeginReportDelivery(t.Context(), put); err != nil || isNew || known.Result != "" {
			t.Errorf("what is being sent again: new %v, %+v, %v", isNew, known, err)
		}
		put.Result = reason
		other := put // what another process has begun is its own
		other.Begun = put.Begun.Add(-time.Second)
		must(t, s.PutOffReportDelivery(t.Context(), other))
		if _, isNew, err := s.BeginReportDelivery(t.Context(), put); err != nil || isNew {
			t.Errorf("somebody else has put it off: new %v, %v", isNew, err)
		}
		must(t, s.PutOffReportDelivery(t.Context(), put))
		if list, err := s.ReportDeliveries(t.Context(), "weekly", 1); err != nil || len(list) != 1 || !cmp.Equal(list[0], put) {
			t.Errorf("put off, it is listed as %+v, %v", list, err)
		}
		put.Begun, put.Result = put.Begun.Add(time.Minute), ""
	}
	if err := s.PutOffReportDelivery(t.Context(), put); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("put off without a reason: %v", err)
	}
	for _, other := range []incident.ReportDelivery{reportTo("slack #ops", 7), {Report: "weekly", At: after(0), Again: "wish", Place: "slack #ops", Begun: after(8)}} {
		if _, isNew, err := s.BeginReportDelivery(t.Context(), other); err != nil || !isNew {
			t.Errorf("another turn or wish is not new: %v", err)
		}
	}
	list, err := s.ReportDeliveries(t.Context(), "weekly", 2)
	must(t, err)
	if len(list) != 2 || list[0].Begun.Before(list[1].Begun) {
		t.Errorf("listed %+v", list)
	}
	if list, err := s.ReportDeliveries(t.Context(), "other", 10); err != nil || len(list) != 0 {
		t.Errorf("listed of another report: %+v, %v", list, err)
	}
	if _, _, err := s.BeginReportDelivery(t.Context(), incident.ReportDelivery{Report: "weekly"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("without a place: %v", err)
	}
}

func reportsAtOnce(t *testing.T, s *store.Store) {
	var news atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, isNew, err := s.BeginReportDelivery(t.Context(), reportTo("folder r", 1)); err != nil {
				t.Error(err)
			} else if isNew {
				news.Add(1)
			}
		})
	}
	group.Wait()
	if news.Load() != 1 {
		t.Errorf("%d of 20 may send it", news.Load())
	}
}
