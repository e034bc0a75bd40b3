// Package bench measures what cenote costs beyond what nobody can avoid: the cryptography of a sign-in, an empty HTTP handler, a
// store without anything in it, the disk's sync. It holds tests only, so that it can use the fixed keys of tests; `make bench` prints
// its table, and docs/benchmarks.md says what the lines mean. The same workloads are Go benchmarks, for profiles:
//
//	go test ./internal/bench -run '^$' -bench SignInSRP -cpuprofile cpu.prof
package bench
