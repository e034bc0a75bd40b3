package cenote_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

// A store driver by a third party: here one that counts transactions on top of another. It offers no powers of its own.
type counting struct {
	db      driver.DB
	updates atomic.Int64
}

func (c *counting) Read(ctx context.Context, refs ...driver.Ref) ([]driver.Record, error) {
	return c.db.Read(ctx, refs...)
}

func (c *counting) View(ctx context.Context, fn func(driver.Reader) error) error {
	return c.db.View(ctx, fn)
}

func (c *counting) Update(ctx context.Context, fn func(driver.Tx) error) error {
	c.updates.Add(1)
	return c.db.Update(ctx, fn)
}

func (c *counting) Close() error { return c.db.Close() }

// This is its whole test.
func TestUsage7_StoreDriver(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) driver.DB { // new and empty
			db := &counting{db: memory.New(memory.Config{})}
			t.Cleanup(func() { db.Close() })
			return db
		},
		Reopen: nil, // after a crash; nil: volatile
		Second: nil, // another node on the same data; nil: one node
	})
}
