// Package identitypool is Amazon Cognito's identity pools: they give a signed-in user, or a guest, an identity and AWS
// credentials.
//
// This version holds the complete wire surface, types, checks and errors of the API; the operations themselves answer
// OperationNotImplementedException (see each Operation's Built).
package identitypool
