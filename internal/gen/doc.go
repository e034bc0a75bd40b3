// Command gen writes the generated part of the service packages from the wire models in internal/model: types, enums,
// error codes, shape and operation tables, redaction and pagers. What the models do not say is data beside them:
//
//	pointers.json    members that are pointers against the rule, with the fact that demands it
//	defaults.json    number and boolean shapes whose default is 0 or false, and which are plain for that reason
//	sensitive.json   what is redacted although the model does not mark it
//	names.json       names that the rule does not give
//	patterns.json    patterns that Go's regular expressions need in another form, and those that the service does not keep to
//	operations.json  read-only operations, codes of constraint violations, packages
//	unbuilt.json     operations that are not built yet
//
// To build an operation, delete its line in unbuilt.json, run go generate, and write its two methods by hand: the
// exported one, which enters the engine, and the unexported one, which holds the rules.
//
// With -check it writes nothing and fails if a generated file is not what the models give.
package main

//go:generate go run . -root ../..
