package webauthntest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/webauthntest"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

const (
	origin   = "https://example.com"
	creation = `{"rp":{"id":"example.com","name":"example.com"},"user":{"id":"YWRh","name":"ada","displayName":"ada"},"challenge":"Y2hhbGxlbmdl",` +
		`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"excludeCredentials":[%s]}`
	request = `{"rpId":"example.com","challenge":"Y2hhbGxlbmdl","allowCredentials":[%s]}`
)

func creationOptions(exclude ...string) []byte {
	return fmt.Appendf(nil, creation, descriptors(exclude))
}
func requestOptions(allow ...string) []byte { return fmt.Appendf(nil, request, descriptors(allow)) }

func descriptors(ids []string) string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"id":%q,"type":"public-key"}`, id))
	}
	return strings.Join(list, ",")
}

var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// What an honest device says is right in the eyes of a library that knows nothing of it; each edit makes it wrong.
func TestAgainstLibrary(t *testing.T) {
	t.Parallel()
	type ceremony = webauthntest.Ceremony
	edits := map[string]func(*ceremony){
		"honest":         func(*ceremony) {},
		"type":           func(c *ceremony) { c.Type = "x" },
		"challenge":      func(c *ceremony) { c.Challenge = "eA" },
		"origin":         func(c *ceremony) { c.Origin = "https://evil.example" },
		"cross origin":   func(c *ceremony) { c.CrossOrigin = true },
		"top origin":     func(c *ceremony) { c.CrossOrigin, c.TopOrigin = true, origin },
		"relying party":  func(c *ceremony) { c.RPID = "evil.example" },
		"user presence":  func(c *ceremony) { c.UserPresent = false },
		"verification":   func(c *ceremony) { c.UserVerified = false },
		"spoilt":         func(c *ceremony) { c.Format, c.Spoil = "packed", true },
		"no attestation": func(c *ceremony) { c.Format = "x" },
	}
	for _, algorithm := range []webauthntest.Algorithm{webauthntest.ES256, webauthntest.RS256} {
		for name, edit := range edits {
			d := webauthntest.New(webauthntest.Config{Origin: origin, Algorithm: algorithm})
			text, err := d.Create(creationOptions(), func(c *ceremony) { c.Format = "packed" }, edit)
			if err != nil {
				t.Fatal(err)
			}
			made, err := protocol.ParseCredentialCreationResponseBytes(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = made.Verify("Y2hhbGxlbmdl", "example.com", []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
				false, true, true, nil, algorithms, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
			if (err == nil) != (name == "honest") {
				t.Errorf("%d: create, %s: %v", algorithm, name, err)
			}
			if name == "no attestation" {
				continue
			}
			if text, err = d.Get(requestOptions(d.IDs()...), edit); err != nil {
				t.Fatal(err)
			}
			used, err := protocol.ParseCredentialRequestResponseBytes(text)
			if err != nil {
				t.Fatal(err)
			}
			err = used.Verify("Y2hhbGxlbmdl", "example.com", "", []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
				false, true, true, made.Response.AttestationObject.AuthData.AttData.CredentialPublicKey, protocol.SignaturePolicy{})
			if (err == nil) != (name == "honest") {
				t.Errorf("%d: get, %s: %v", algorithm, name, err)
			}
		}
	}
}

// A device keeps to the options as a real one does, and a copy of it counts by itself.
func TestDevice(t *testing.T) {
	t.Parallel()
	d := webauthntest.New(webauthntest.Config{Origin: origin, Roaming: true})
	if _, err := d.Get(requestOptions()); !errors.Is(err, webauthntest.ErrNoCredential) {
		t.Errorf("an empty device: %v", err)
	}
	for range 2 {
		if _, err := d.Create(creationOptions()); err != nil {
			t.Fatal(err)
		}
	}
	ids := d.IDs()
	if _, err := d.Create(creationOptions(ids[1])); !errors.Is(err, webauthntest.ErrExcluded) {
		t.Errorf("an excluded credential: %v", err)
	}
	if _, err := d.Get(requestOptions("AAAA")); !errors.Is(err, webauthntest.ErrNoCredential) {
		t.Errorf("a foreign credential: %v", err)
	}
	count := func(d *webauthntest.Authenticator, allow ...string) (id string, n uint32) {
		text, err := d.Get(requestOptions(allow...))
		if err != nil {
			t.Fatal(err)
		}
		used, err := protocol.ParseCredentialRequestResponseBytes(text)
		if err != nil {
			t.Fatal(err)
		}
		if used.AuthenticatorAttachment != protocol.CrossPlatform || string(used.Response.UserHandle) != "ada" {
			t.Errorf("got %s", text)
		}
		return used.ID, used.Response.AuthenticatorData.Counter
	}
	clone := d.Clone()
	for i, c := range []*webauthntest.Authenticator{d, clone, d} {
		if id, n := count(c, "AAAA", ids[1]); id != ids[1] || n != []uint32{1, 1, 2}[i] {
			t.Errorf("step %d: %s counts %d", i, id, n)
		}
	}
	if id, _ := count(d); id != ids[0] {
		t.Errorf("without a choice it is %s", id)
	}
	strange := webauthntest.New(webauthntest.Config{Origin: origin, Algorithm: -8})
	if _, err := strange.Create(creationOptions()); err == nil {
		t.Error("an algorithm that the options do not list")
	}
	if _, err := d.Create([]byte("{")); err == nil {
		t.Error("garbage as options")
	}
}

func ExampleAuthenticator() {
	device := webauthntest.New(webauthntest.Config{Origin: "https://example.com"})
	if _, err := device.Create(creationOptions()); err != nil { // the options of StartWebAuthnRegistration
		fmt.Println(err)
	}
	_, err := device.Get(requestOptions(device.IDs()...)) // those of the challenge WEB_AUTHN
	fmt.Println(len(device.IDs()), "passkey,", err)

	phished := func(c *webauthntest.Ceremony) { c.Origin = "https://example.com.evil.example" }
	_, err = device.Get(requestOptions(device.IDs()...), phished) // which the server has to refuse
	fmt.Println(err)
	// Output:
	// 1 passkey, <nil>
	// <nil>
}
