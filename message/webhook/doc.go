// Package webhook delivers messages by posting them, signed, to an address of the operator's: a gateway to whatever sends
// e-mail or SMS there.
//
// The body is a Payload in JSON. The header Cenote-Timestamp has the time in Unix seconds, and Cenote-Signature has "v1="
// and the hexadecimal HMAC-SHA256, under the shared secret, of the timestamp, a full stop and the body. Receivers that are
// written in Go use Verify. Any 2xx means that the receiver has taken over.
package webhook
