// Package srp is the variant of the Secure Remote Password protocol (SRP-6a)
// that Amazon Cognito user pools speak, both sides of it, for users and for
// remembered devices. It stores nothing and reads no clock.
//
// # Client
//
// [NewLogin] answers a sign-in by USER_SRP_AUTH with string maps, so that it
// fits every SDK; [NewDeviceLogin] does the same for DEVICE_SRP_AUTH, and
// [NewDeviceSecret] makes what ConfirmDevice wants to be told.
//
//	login, err := srp.NewLogin(poolID, username, password)
//	// InitiateAuth with AuthParameters: login.Params()
//	answers, err := login.Respond(challengeParameters, time.Now())
//	// RespondToAuthChallenge with ChallengeResponses: answers
//
// # Server
//
// [Identity.Verifier] is what is stored instead of a password. A sign-in takes
// [ParsePublic] and [NewChallenge] in the first call; the [Challenge] travels
// sealed in the SECRET_BLOCK. The second call is [ParseClaim], [Claim.Within]
// and [Challenge.Verify], cheap checks first. For names that do not exist
// [Simulate] makes salt and verifier, with which all arithmetic is the same.
//
// # Arithmetic
//
// Secret are the password's x and verifier v, the server's exponent b and the
// shared S. Public are A, B and u = H(A ‖ B). Who times the server sees many
// runs with the same b, because a SECRET_BLOCK may be answered wrongly more than
// once; who shares its caches sees which table entries are read. math/big looks
// its windows up by secret index and subtracts conditionally. Therefore nothing
// secret passes through math/big here: elements are 48 limbs in Montgomery form,
// no branch or address depends on their value, tables are read as a whole, and
// the exponents b and x are always 32 bytes. Only v^u uses sliding windows,
// since u is known to everybody. (On 32-bit machines the constant time of
// [math/bits.Mul64] is the compiler's to keep.)
//
// What makes up for the lost tenth against math/big's assembly:
//
//   - g is fixed, so g^b and g^x come from a table that is made once per process
//     (98 KB, a millisecond or two, at first use): a third of a general
//     exponentiation or less. That is most of the first call, a plain
//     password's check and a sign-up.
//   - Squarings, four fifths of an exponentiation, take three quarters of the
//     limb products of a multiplication.
//   - N ends in 64 one bits, which saves Montgomery's inverse.
//
// S = (A·v^u)^b stays two exponentiations by 256 bits. Spreading it to
// A^b · v^(u·b) and sharing the squarings needs the same 512 of them, as the
// second exponent has 512 bits and the order of g is too large to shorten it.
// b has 256 bits because 128-bit security asks for no more; the group gives
// that much.
package srp
