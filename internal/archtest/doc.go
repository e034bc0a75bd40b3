// Package archtest holds the tests of the module's shape: who may import whom, which third-party module belongs to which
// package, what a package may compile into its importers, and which functions of the standard library stay out of the
// library because they bring in a second clock, a second source of randomness or a request to an unchecked address.
//
// The rules are tables in rules_test.go. A test that fails names the file and the rule; a rule changes together with
// docs/architecture.md, never to make a test pass.
package archtest
