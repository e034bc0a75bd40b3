package postgres_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// open opens the store in a database, and closes it with the test.
func open(t testing.TB, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it themselves
	return db
}

// future is after every test.
var future = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func put(t testing.TB, db driver.DB, recs ...driver.Record) {
	t.Helper()
	err := db.Update(t.Context(), func(tx driver.Tx) error {
		for _, rec := range recs {
			if err := tx.Put(t.Context(), rec); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("put: %v", err)
	}
}
