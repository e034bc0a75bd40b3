package postgres_test

import (
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	var urls sync.Map // driver.DB to the URL of its database
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) driver.DB {
			url := pgtest.NewDatabase(t)
			db := open(t, url)
			urls.Store(db, url)
			return db
		},
		Skip: map[storetest.Category]string{
			storetest.Crashes: "TestStoreAcrossCrashes runs it, on servers of its own",
		},
		Second: func(t testing.TB, db driver.DB) driver.DB {
			url, _ := urls.Load(db)
			return open(t, url.(string))
		},
	})
}
