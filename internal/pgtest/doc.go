// Package pgtest starts private PostgreSQL servers for tests, from the binaries that the operating system's package
// installs. It needs no running service, no container and no configuration.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestX(t *testing.T) {
//		t.Parallel()
//		url := pgtest.NewDatabase(t) // empty, on a server that the whole test binary shares
//	}
//
// A test that crashes its server starts one of its own with Start. A missing PostgreSQL fails the test: a skipped test
// would look like a passed one.
package pgtest
