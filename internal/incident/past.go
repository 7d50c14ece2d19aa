package incident

import "time"

// Past is an incident of the record as a backtest reads it: still encoded, because there are millions of them and each
// is decoded where it is worked on.
type Past struct {
	ID        ID
	CreatedAt time.Time
	Doc       []byte // the Record as JSON, as it was when the present run began: what intake saw, and what matched
}

// PastFilter chooses incidents for a backtest. Zero fields choose everything.
type PastFilter struct {
	Since    time.Time   // created at or after
	Until    time.Time   // created before
	Customer CustomerID  // those that were the customer's then
	Services []ServiceID // with Customer: those of these services, too
}
