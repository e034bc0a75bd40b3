// Package webauthntest is an authenticator in software, with the part of a browser that speaks for it: it answers the options of
// StartWebAuthnRegistration and of the challenge WEB_AUTHN as a device would, so that a test signs in with a passkey without a
// browser.
//
//	device := webauthntest.New(webauthntest.Config{Origin: "https://example.com"})
//	credential, err := device.Create(out.CredentialCreationOptions) // goes into CompleteWebAuthnRegistration
//	…
//	answer, err := device.Get([]byte(challenge["CREDENTIAL_REQUEST_OPTIONS"])) // goes into CREDENTIAL
//
// It also misbehaves when it is told to: an edit changes what is about to be signed, be it origin, relying party, challenge, flags
// or counter. It shares no code with what it tests, down to the CBOR.
package webauthntest
