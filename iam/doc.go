// Package iam answers two questions about a request to an AWS API: who signed it, and may they do this.
//
// A [Verifier] checks AWS Signature Version 4 in the header form and, where an operation takes it, in the query
// (presigned) form. It finds secrets through [AccessKeys]; [StaticKeys] holds a fixed set of them for administrators.
// An [Authorizer] decides whether the principal that the verifier found may run a decoded call; [AllowAll] is the one for
// installations whose access keys all belong to administrators.
//
//	keys, err := iam.NewStaticKeys(iam.AccessKey{
//		ID: "AKIAIOSFODNN7EXAMPLE", Secret: secret,
//		Principal: iam.Principal{ARN: "arn:aws:iam::123456789012:user/admin", Account: "123456789012"},
//	})
//	verifier, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: "eu-central-1"})
//	principal, err := verifier.Authenticate(ctx, request, body)
//
// The package knows no HTTP server: a [Request] is a plain struct that any gateway can fill. Package awshttp does it for
// net/http.
//
// # What the verifier demands beyond AWS
//
// AWS services insist on few signed headers, which lets somebody who captured one request turn it into another. The
// verifier wants host, the date and, where present, X-Amz-Target and X-Amz-Security-Token to be signed, and each of them
// to occur once. The body's hash is always computed; UNSIGNED-PAYLOAD and the STREAMING forms are refused, and so is a
// request with a signature in both its header and its query.
package iam
