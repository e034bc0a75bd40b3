// Package cognitosync is Amazon Cognito Sync: datasets of key-value records that an identity's devices share.
// It speaks the service's rest-json protocol.
//
// This version holds the complete wire surface, types, checks and errors of the API; the operations themselves answer
// OperationNotImplementedException (see each Operation's Built).
package cognitosync
