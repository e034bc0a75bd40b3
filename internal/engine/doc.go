// Package engine is what every operation of every service passes: interceptors, the guard of an adapter, the check of
// the input, the rules, and the one place where errors become AWS's. It also counts, times and traces, with the
// operation and the code as only labels.
package engine
