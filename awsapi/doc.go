// Package awsapi is the vocabulary that the services, their adapters and their callers share: errors with AWS's codes,
// operations, calls, callers and interceptors. It imports nothing else of cenote.
package awsapi
