package memory_test

import (
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/store/storetest"
)

func opener(config memory.Config) func(testing.TB) driver.DB {
	return func(t testing.TB) driver.DB {
		db := memory.New(config)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: opener(memory.Config{})})
}

// TestC2_RehearsedUpdates runs the suite on a store that runs each closure twice: what a first run does is thrown away.
func TestC2_RehearsedUpdates(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{
		Open: opener(memory.Config{RehearseUpdates: true}),
		Skip: map[storetest.Category]string{storetest.Retries: "each closure is run twice, by configuration"},
	})
}
