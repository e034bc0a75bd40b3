// Package cenote is Amazon Cognito's semantics as a Go library: user pools, identity pools, Cognito Sync and the documents by
// which tokens are verified, over a store, triggers and senders of your choice.
//
//	auth, err := cenote.New(cenote.Config{})       // in memory, ready
//	auth.UserPools.SignUp(ctx, &userpool.SignUpInput{…})
//	go auth.Run(ctx)                               // delivers messages and sweeps, until ctx ends
//
// For tests there is package cenotetest, for everybody who does not write Go the binary cmd/cenote. Package userpool describes
// the operations, package store/driver what a store has to do.
package cenote
