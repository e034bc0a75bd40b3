// Package awsenc writes and reads messages of the AWS Encryption SDK, as far as custom senders need them: short texts, one
// encrypted data key, one algorithm suite.
//
// A message is the header, the header's tag, and the body. All numbers are big-endian.
//
//	version 2 · suite · message id (32 bytes) · encryption context · encrypted data keys · content type · frame length ·
//	key commitment (32 bytes)
//	tag over all of that (16 bytes)
//	FF FF FF FF · 1 · IV · length · text, encrypted · tag: the body is one final frame
//
// The key that encrypts and the commitment come from the data key by HKDF-SHA-512, with the message id as salt. A data key
// is used for one message, but the format would bear more.
package awsenc
