package userpool_test

import (
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	deviceMissing = "Device does not exist."
	deviceBadKey  = "Invalid device key given."
	noTracking    = "User pool does not have device tracking enabled"
)

// tracking makes a pool track devices: on prompt only, or always; replacing the second factor or not.
func tracking(onPrompt, replaces bool) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.DeviceConfiguration = &userpool.DeviceConfigurationType{
			DeviceOnlyRememberedOnUserPrompt: onPrompt, ChallengeRequiredOnNewDevice: replaces,
		}
	}
}

// track changes how a pool that exists tracks devices; nil is not at all.
func (a app) track(c *userpool.DeviceConfigurationType) {
	a.t.Helper()
	_, err := a.UpdateUserPool(a.t.Context(), &userpool.UpdateUserPoolInput{
		UserPoolId: a.pool, DeviceConfiguration: c, AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
	})
	check(a.t, err)
}

// device is what a client keeps of a device: what it was told of it, the secret that it made, and the sign-in that made it.
type device struct {
	key, group, password string
	secret               userpool.DeviceSecretVerifierConfigType
	made                 *userpool.AuthenticationResultType
}

// newDevice signs somebody in without a device and makes a secret for the one that comes with it. It is not confirmed.
func (a app) newDevice(name string) device {
	a.t.Helper()
	return a.deviceOf(a.signIn(name))
}

// deviceOf makes a secret for the device that a sign-in made.
func (a app) deviceOf(made *userpool.AuthenticationResultType) device {
	a.t.Helper()
	told := made.NewDeviceMetadata
	if told == nil {
		a.t.Fatal("the sign-in made no device")
	}
	secret, err := srp.NewDeviceSecret(nil, told.DeviceGroupKey, told.DeviceKey)
	check(a.t, err)
	return device{
		key: told.DeviceKey, group: told.DeviceGroupKey, password: secret.Password, made: made,
		secret: userpool.DeviceSecretVerifierConfigType{PasswordVerifier: secret.PasswordVerifier, Salt: secret.Salt},
	}
}

// confirm confirms a device by the access token of the sign-in that made it.
func (a app) confirmDevice(d device) (*userpool.ConfirmDeviceOutput, error) {
	return a.ConfirmDevice(a.t.Context(), &userpool.ConfirmDeviceInput{
		AccessToken: d.made.AccessToken, DeviceKey: d.key, DeviceName: "browser", DeviceSecretVerifierConfig: &d.secret,
	})
}

// confirmed signs somebody in and confirms the new device.
func (a app) confirmedDevice(name string) device {
	a.t.Helper()
	d := a.newDevice(name)
	_, err := a.confirmDevice(d)
	check(a.t, err)
	return d
}

// remember sets the status of a device by its owner's token.
func (a app) remember(d device, status userpool.DeviceRememberedStatusType) error {
	_, err := a.UpdateDeviceStatus(a.t.Context(), &userpool.UpdateDeviceStatusInput{
		AccessToken: d.made.AccessToken, DeviceKey: d.key, DeviceRememberedStatus: status,
	})
	return err
}

// forget forgets a device by its owner's token.
func (a app) forget(d device) error {
	_, err := a.ForgetDevice(a.t.Context(), &userpool.ForgetDeviceInput{AccessToken: d.made.AccessToken, DeviceKey: d.key})
	return err
}

// seen returns a device as an administrator sees it.
func (a app) seen(name, key string) *userpool.DeviceType {
	a.t.Helper()
	out, err := a.AdminGetDevice(a.t.Context(), &userpool.AdminGetDeviceInput{UserPoolId: a.pool, Username: name, DeviceKey: key})
	check(a.t, err)
	return out.Device
}

// refreshOn calls REFRESH_TOKEN_AUTH with a device key, unless it is empty.
func (a app) refreshOn(token, deviceKey string) error {
	pairs := []string{"REFRESH_TOKEN", token}
	if deviceKey != "" {
		pairs = append(pairs, "DEVICE_KEY", deviceKey)
	}
	_, err := a.begin(userpool.AuthFlowTypeRefreshTokenAuth, pairs...)
	return err
}

// from starts a sign-in by password that claims to come from a device.
func (a app) from(name, key string) (*userpool.InitiateAuthOutput, error) {
	return a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", name, "PASSWORD", password, "DEVICE_KEY", key)
}

// deviceProof is a device that proves itself, step by step.
type deviceProof struct {
	app
	name  string
	key   string
	login *srp.DeviceLogin
}

// proveDevice begins the proof of a device for somebody's sign-in.
func (a app) proveDevice(name string, d device) deviceProof {
	a.t.Helper()
	login, err := srp.NewDeviceLogin(d.group, d.key, name, d.password)
	check(a.t, err)
	return deviceProof{a, name, d.key, login}
}

// start answers DEVICE_SRP_AUTH.
func (p deviceProof) start(session string) (*userpool.RespondToAuthChallengeOutput, error) {
	return p.answer(userpool.ChallengeNameTypeDeviceSrpAuth, session, p.login.Params())
}

// claim computes the answer to DEVICE_PASSWORD_VERIFIER.
func (p deviceProof) claim(challenge *userpool.RespondToAuthChallengeOutput) map[string]string {
	p.t.Helper()
	responses, err := p.login.Respond(challenge.ChallengeParameters, p.clock.Now())
	check(p.t, err)
	return responses
}

// finish answers DEVICE_PASSWORD_VERIFIER.
func (p deviceProof) finish(responses map[string]string) (*userpool.RespondToAuthChallengeOutput, error) {
	return p.answer(userpool.ChallengeNameTypeDevicePasswordVerifier, "", responses)
}

func (p deviceProof) answer(challenge userpool.ChallengeNameType, session string, responses map[string]string) (*userpool.RespondToAuthChallengeOutput, error) {
	if h := p.hash(p.name); h != "" {
		responses["SECRET_HASH"] = h
	}
	return p.RespondToAuthChallenge(p.t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: p.client, ChallengeName: challenge, Session: session, ChallengeResponses: responses,
	})
}

// through answers both challenges of a device and returns the tokens.
func (a app) through(name, session string, d device) (*userpool.AuthenticationResultType, error) {
	a.t.Helper()
	p := a.proveDevice(name, d)
	asked, err := p.start(session)
	if err != nil {
		return nil, err
	}
	out, err := p.finish(p.claim(asked))
	if err != nil {
		return nil, err
	}
	if out.AuthenticationResult == nil {
		a.t.Fatalf("the device led to %s", out.ChallengeName)
	}
	return out.AuthenticationResult, nil
}

// deviceSession signs in by password from a device and returns the session that waits for its proof.
func (a app) deviceSession(name string, d device) string {
	a.t.Helper()
	out, err := a.from(name, d.key)
	check(a.t, err)
	if out.ChallengeName != userpool.ChallengeNameTypeDeviceSrpAuth || out.Session == "" {
		a.t.Fatalf("got %s with session %q", out.ChallengeName, out.Session)
	}
	return out.Session
}
