package postgres

import "github.com/cenote-auth/cenote/store/driver"

// Stats are the counts since the store was opened.
type Stats struct{ Runs, Retries, RoundTrips, InDoubt int64 }

// Stats returns what the store has done.
func (db *DB) Stats() Stats {
	c := &db.count
	return Stats{c.runs.Load(), c.retries.Load(), c.roundTrips.Load(), c.inDoubt.Load()}
}

// RecodeCursor decodes a cursor and encodes it again.
func RecodeCursor(c string) (string, error) {
	p, err := parseCursor(driver.Cursor(c))
	return string(p.cursor()), err
}
