// Package cenotetest gives a Go test an Amazon Cognito of its own: one line, no socket, no container, under a millisecond.
//
//	func TestSignIn(t *testing.T) {
//		c := cenotetest.Run(t)
//		p := c.Pool(t, cenotetest.Pool{})                  // a pool and a client, sign-in by e-mail
//		client := cip.NewFromConfig(c.AWSConfig())         // aws-sdk-go-v2, unmodified
//		…
//		code := c.Outbox().LastCode("ada@example.com")     // what the service "sent"
//		c.Advance(61 * time.Minute)                        // time is yours
//	}
//
// It works inside testing/synctest bubbles, in parallel tests, and by the hundred. Signing keys are fixed and public: nothing
// that an instance issues is worth anything elsewhere.
package cenotetest
