// Package storetest is the suite that decides whether a driver.DB is right. A driver is finished when it passes; this file is
// the whole test of one:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open:   func(t testing.TB) driver.DB { return open(t, newDatabase(t)) },
//			Reopen: func(t testing.TB, db driver.DB) driver.DB { return open(t, crash(t, db)) },
//			Second: func(t testing.TB, db driver.DB) driver.DB { return open(t, databaseOf(db)) },
//		})
//	}
//
// The suite speaks to nothing but package driver. It sleeps nowhere; its random histories come from seeds that a failure
// prints; its tests run in parallel, each on a database of its own.
package storetest
