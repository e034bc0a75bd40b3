package userpool_test

import (
	"fmt"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// tracking sets whether the app's pool tracks sessions.
func (a app) tracking(on bool, max int32) error {
	in := &userpool.SetUserPoolSessionConfigurationInput{
		UserPoolId: a.pool, UserSessionTracking: userpool.UserSessionTrackingTypeDisabled,
		TokenSession: &userpool.UserPoolTokenSessionConfigType{MaxPerUser: max},
	}
	if on {
		in.UserSessionTracking = userpool.UserSessionTrackingTypeEnabled
	}
	_, err := a.SetUserPoolSessionConfiguration(a.t.Context(), in)
	return err
}

// tracks is a pool that tracks sessions, with a client.
func (b *bench) tracks(max int32, options ...any) app {
	b.t.Helper()
	a := b.app(options...)
	check(b.t, a.tracking(true, max))
	return a
}

// ssoMinutes sets for how long the app's client reuses SSO sessions.
func (a app) ssoMinutes(minutes int32) error {
	_, err := a.SetUserPoolClientSessionConfiguration(a.t.Context(), &userpool.SetUserPoolClientSessionConfigurationInput{
		UserPoolId: a.pool, ClientId: a.client, SSOSession: &userpool.ClientSSOSessionConfigType{MaxValidityMinutes: minutes},
	})
	return err
}

// answers fails the test unless an operation answers exactly that.
func (b *bench) answers(op, body, want string) {
	b.t.Helper()
	got, err := b.Invoke(b.t.Context(), op, []byte(body))
	check(b.t, err)
	if string(got) != want {
		b.t.Errorf("%s: got %s, want %s", op, got, want)
	}
}

func lite(in *userpool.CreateUserPoolInput) { in.UserPoolTier = userpool.UserPoolTierTypeLite }

const trackingIsOff = "User session tracking is not enabled for this user pool."

// NEW-011, NEW-012, NEW-013, NEW-014, NEW-361, NEW-362: off with 20 before anything was set; what is set is echoed and stays.
func TestSessionConfiguration(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	pool := fmt.Sprintf(`{"UserPoolId":%q}`, a.pool)
	config := func(state string, max int) string {
		return fmt.Sprintf(`{"TokenSession":{"MaxPerUser":%d},"UserPoolId":%q,"UserSessionTracking":%q}`, max, a.pool, state)
	}
	a.answers("GetUserPoolSessionConfiguration", pool, config("DISABLED", 20))
	for _, c := range []string{config("ENABLED", 1), config("ENABLED", 100), config("DISABLED", 7)} {
		a.answers("SetUserPoolSessionConfiguration", c, c)
		a.answers("GetUserPoolSessionConfiguration", pool, c)
	}
	for name, body := range map[string]string{
		"none":       config("ENABLED", 0),
		"too many":   config("ENABLED", 101),
		"state":      config("MAYBE", 5),
		"no state":   fmt.Sprintf(`{"TokenSession":{"MaxPerUser":5},"UserPoolId":%q}`, a.pool),
		"no number":  fmt.Sprintf(`{"UserPoolId":%q,"UserSessionTracking":"ENABLED"}`, a.pool),
		"empty part": fmt.Sprintf(`{"TokenSession":{},"UserPoolId":%q,"UserSessionTracking":"ENABLED"}`, a.pool),
		"no pool":    `{"TokenSession":{"MaxPerUser":5},"UserSessionTracking":"ENABLED"}`,
	} {
		_, err := a.Invoke(t.Context(), "SetUserPoolSessionConfiguration", []byte(body))
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	a.answers("GetUserPoolSessionConfiguration", pool, config("DISABLED", 7))
	nowhere := app{bench: a.bench, pool: "us-east-1_Nowhere00"}
	refused(t, nowhere.tracking(true, 5), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
	_, err := a.GetUserPoolSessionConfiguration(t.Context(), &userpool.GetUserPoolSessionConfigurationInput{UserPoolId: nowhere.pool})
	refused(t, err, userpool.ErrResourceNotFound, "")
}

// NEW-019, NEW-020, NEW-021, NEW-022, NEW-363, NEW-364: a client has 60 minutes before anything was set, in any pool; another
// number needs tracked sessions, and 0 is one.
func TestClientSessionConfiguration(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	client := fmt.Sprintf(`{"UserPoolId":%q,"ClientId":%q}`, a.pool, a.client)
	config := func(minutes int) string {
		return fmt.Sprintf(`{"ClientId":%q,"SSOSession":{"MaxValidityMinutes":%d},"UserPoolId":%q}`, a.client, minutes, a.pool)
	}
	a.answers("GetUserPoolClientSessionConfiguration", client, config(60))
	refused(t, a.ssoMinutes(5), userpool.ErrOperationNotEnabled, trackingIsOff)
	check(t, a.tracking(true, 20))
	for _, minutes := range []int{129600, 1, 0} {
		a.answers("SetUserPoolClientSessionConfiguration", config(minutes), config(minutes))
		a.answers("GetUserPoolClientSessionConfiguration", client, config(minutes))
	}
	for _, minutes := range []int{-1, 129601} {
		_, err := a.Invoke(t.Context(), "SetUserPoolClientSessionConfiguration", []byte(config(minutes)))
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
	_, err := a.Invoke(t.Context(), "SetUserPoolClientSessionConfiguration", []byte(client))
	refused(t, err, userpool.ErrInvalidParameter, "")

	// NEW-017: switched off, the settings of clients stay as they are, and are in force again afterwards. An update of the client
	// does not touch them.
	check(t, a.tracking(false, 20))
	refused(t, a.ssoMinutes(5), userpool.ErrOperationNotEnabled, "")
	_, err = a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{UserPoolId: a.pool, ClientId: a.client})
	check(t, err)
	a.answers("GetUserPoolClientSessionConfiguration", client, config(0))
	check(t, a.tracking(true, 20))
	a.answers("GetUserPoolClientSessionConfiguration", client, config(0))

	other := a.bench.tracks(20)
	stranger := app{bench: a.bench, pool: other.pool, client: a.client}
	refused(t, stranger.ssoMinutes(5), userpool.ErrResourceNotFound, "User pool client "+a.client+" does not exist.")
	_, err = a.GetUserPoolClientSessionConfiguration(t.Context(), &userpool.GetUserPoolClientSessionConfigurationInput{
		UserPoolId: other.pool, ClientId: a.client,
	})
	refused(t, err, userpool.ErrResourceNotFound, "")
}

// NEW-015, NEW-023, NEW-352: sessions need a plan, also to be switched off; of several errors the plan's comes before that of
// tracking that is off, and after what does not exist.
func TestSessionConfigurationTier(t *testing.T) {
	t.Parallel()
	const needsPlan = "The following features need to be disabled for the LITE pricing tier configured: User Session Tracking"
	b := setup(t)
	a := b.app(lite)
	for _, on := range []bool{true, false} {
		refused(t, a.tracking(on, 5), userpool.ErrFeatureUnavailableInTier, needsPlan)
	}
	refused(t, a.ssoMinutes(5), userpool.ErrFeatureUnavailableInTier, needsPlan)
	refused(t, app{bench: b, pool: a.pool, client: "nobody"}.ssoMinutes(5), userpool.ErrResourceNotFound, "")
	a.answers("GetUserPoolSessionConfiguration", fmt.Sprintf(`{"UserPoolId":%q}`, a.pool),
		fmt.Sprintf(`{"TokenSession":{"MaxPerUser":20},"UserPoolId":%q,"UserSessionTracking":"DISABLED"}`, a.pool))
	_, err := a.GetUserPoolClientSessionConfiguration(t.Context(), &userpool.GetUserPoolClientSessionConfigurationInput{
		UserPoolId: a.pool, ClientId: a.client,
	})
	check(t, err)

	// TIER-003: a pool that tracks sessions does not lose them by a change of plan.
	a = b.tracks(5)
	update := func(tier userpool.UserPoolTierType) error {
		_, err := b.UpdateUserPool(t.Context(), &userpool.UpdateUserPoolInput{UserPoolId: a.pool, UserPoolTier: tier})
		return err
	}
	refused(t, update(userpool.UserPoolTierTypeLite), userpool.ErrFeatureUnavailableInTier, needsPlan)
	check(t, update(userpool.UserPoolTierTypePlus))
	check(t, a.tracking(false, 5))
	check(t, update(userpool.UserPoolTierTypeLite))
}
