// Package awshttp serves AWS APIs over net/http: JSON 1.1 by X-Amz-Target, and rest-json by method and path.
//
// It is a thin adapter. It finds the operation, caps the body, has the signature of signed operations verified, and hands
// the bytes to the service together with a guard that has the decoded call authorised. Everything that an operation means
// happens in the service.
//
//	h, err := awshttp.New(awshttp.Config{
//		Services:      []awshttp.Service{userPools, identityPools, sync},
//		Authenticator: verifier,        // an *iam.Verifier
//		Authorizer:    iam.AllowAll{},
//		Hosts:         []string{"cognito-idp.eu-central-1.amazonaws.com"},
//	})
//	srv := &http.Server{Handler: h, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
//
// # Who may call
//
// A signed operation needs an Authenticator and an Authorizer; where one is missing, every signed operation is refused.
// Public operations prove by themselves what they need (a password, a token, a session); a signature on them is neither
// verified nor granted anything. Local development uses a [DevGuard], which keeps web pages away from it.
//
// # Below a path
//
// The handler answers at "/". Below a prefix, use http.StripPrefix: signatures are checked against the path that came over
// the wire.
package awshttp
