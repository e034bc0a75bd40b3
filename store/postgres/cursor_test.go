package postgres_test

import (
	"testing"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/postgres"
)

// FuzzCursor checks that a cursor is refused or comes out as it went in.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "short", "\x00\x00\x00\x00\x00\x00\x00\x01value", "\xff\xff\xff\xff\xff\xff\xff\xff", "\x7f\xff\xff\xff\xff\xff\xff\xff\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, c string) {
		again, err := postgres.RecodeCursor(c)
		if err == nil && again != c {
			t.Errorf("%q became %q", c, again)
		}
	})
}

// TestForeignCursors checks that cursors which no Scan returned are errors or positions, never more than that.
func TestForeignCursors(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.NewDatabase(t))
	put(t, db, user(1), user(2))
	for _, c := range []driver.Cursor{"x", "1234567", "\xff2345678", "12345678", "12345678' or true --"} {
		for _, index := range []string{"", "name"} {
			_ = db.View(t.Context(), func(r driver.Reader) error {
				recs, _, err := r.Scan(t.Context(), driver.Range{Kind: "user", Index: index, Value: "pool/", After: c, Limit: 10})
				if len(c) < 8 || c[0] >= 0x80 {
					if err == nil {
						t.Errorf("%q was accepted", c)
					}
				} else if err != nil {
					t.Errorf("%q: %v", c, err)
				}
				for _, rec := range recs {
					if rec.Kind != "user" {
						t.Errorf("%q leads to %q", c, rec.Kind)
					}
				}
				return nil
			})
		}
	}
}
