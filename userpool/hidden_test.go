package userpool_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

// writes counts the Updates of a store.
type writes struct {
	driver.DB
	n atomic.Int64
}

// watch puts the counter before the store; it is an option of setup.
func (w *writes) watch(c *userpool.Config) { w.DB, c.Store = c.Store, w }

func (w *writes) Update(ctx context.Context, fn func(driver.Tx) error) error {
	w.n.Add(1)
	return w.DB.Update(ctx, fn)
}

func (w *writes) reset()     { w.n.Store(0) }
func (w *writes) count() int { return int(w.n.Load()) }

// AUTH-453, AUTH-196: an unknown name gets a challenge like everybody's, the same every time, and the claim then fails.
func TestH7_SimulatedSRP(t *testing.T) {
	t.Parallel()
	b := setup(t)
	apps := map[string]app{"plain": b.app(hides), "email": b.app(byEmail, hides), "alias": b.app(emailAlias, hides)}
	for kind, a := range apps {
		t.Run(kind, func(t *testing.T) {
			name, ghost := "ada", "nobody"
			if kind == "email" {
				name, ghost = "ada@example.com", "nobody@example.com"
			}
			a.user(name)
			a.setPassword(name, password) // raises the epoch, whose digits must not show
			begin := func(name string) map[string]string {
				t.Helper()
				out, err := a.begin(userpool.AuthFlowTypeUserSrpAuth, "USERNAME", name, "SRP_A", "abcdef")
				check(t, err)
				if out.ChallengeName != userpool.ChallengeNameTypePasswordVerifier || out.Session != "" {
					t.Errorf("%s: challenge %s", name, out.ChallengeName)
				}
				return out.ChallengeParameters
			}
			real, first, second := begin(name), begin(ghost), begin(ghost)
			if first["SALT"] != second["SALT"] || first["USER_ID_FOR_SRP"] != second["USER_ID_FOR_SRP"] {
				t.Error("the ghost's salt or name changes")
			}
			if len(first["SALT"]) != len(real["SALT"]) || first["SALT"] == real["SALT"] {
				t.Errorf("salts of %d and %d digits", len(first["SALT"]), len(real["SALT"]))
			}
			if ident.IsUUID(first["USER_ID_FOR_SRP"]) != ident.IsUUID(real["USER_ID_FOR_SRP"]) || first["USERNAME"] != first["USER_ID_FOR_SRP"] {
				t.Errorf("the ghost is %s, the user %s", first["USER_ID_FOR_SRP"], real["USER_ID_FOR_SRP"])
			}
			if r, g := decoded(t, real["SECRET_BLOCK"]), decoded(t, first["SECRET_BLOCK"]); len(r) != len(g) {
				t.Errorf("blocks of %d and %d bytes", len(r), len(g))
			}
			if _, err := hex.DecodeString(first["SALT"]); err != nil {
				t.Error(err)
			}
			_, err := a.srp(ghost, password)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
		})
	}
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	check(t, err)
	return b
}

// A ghost's salt and name survive the day's sealing keys, a password of the pool's other users, and another node.
func TestH7_GhostsDoNotChange(t *testing.T) {
	t.Parallel()
	a := setup(t).app(byEmail, hides)
	begin := func(a app) map[string]string {
		out, err := a.begin(userpool.AuthFlowTypeUserSrpAuth, "USERNAME", "nobody@example.com", "SRP_A", "abcdef")
		check(t, err)
		return out.ChallengeParameters
	}
	before := begin(a)
	a.clock.Advance(100 * 24 * time.Hour)
	for _, after := range []map[string]string{begin(a), begin(a.fork(t))} {
		if before["SALT"] != after["SALT"] || before["USERNAME"] != after["USERNAME"] {
			t.Error("the ghost is another one now")
		}
	}
}

// Every public operation under a name that nobody has writes as often and answers as for a user; a wrong password is as much
// arithmetic for the one as for the other, since both go the same way.
func TestH7_SameAnswersSameWrites(t *testing.T) {
	t.Parallel()
	w := &writes{}
	b := setup(t, w.watch)
	a := b.app(hides)
	a.user("ada", "email", "ada@example.com")
	a.user("mute") // has no address that a code could go to
	a.user("off", "email", "off@example.com")
	a.disable("off")
	a.newcomer("new", "email", "new@example.com", "email_verified", "true")
	users := []string{"ada", "mute", "off", "new", "nobody"}
	_, err := a.srpStart("ada", password) // makes the day's key
	check(t, err)
	confirm := func(name, password string) error {
		_, err := a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
			ClientId: a.client, Username: name, ConfirmationCode: "000000", Password: password,
		})
		return err
	}
	forgot := func(name string) error {
		out, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name})
		if err == nil && (out.CodeDeliveryDetails == nil || out.CodeDeliveryDetails.DeliveryMedium != "EMAIL" || len(out.CodeDeliveryDetails.Destination) != len("a***@e***")) {
			t.Errorf("%s: delivery %+v", name, out.CodeDeliveryDetails)
		}
		return err
	}
	steps := []struct {
		name string
		call func(name string) error
		text string
	}{
		{"wrong password", func(name string) error { _, err := a.tryPassword(name, another); return err }, isWrong},
		{"wrong password by SRP", func(name string) error { _, err := a.srp(name, another); return err }, isWrong},
		{"AUTH-457 no code was asked for", func(name string) error { return confirm(name, another) }, codeIsOver},
		{"AUTH-415 weak password", func(name string) error { return confirm(name, "weak") }, "Password did not conform with policy: Password not long enough"},
		{"AUTH-456 a code is asked for", forgot, ""},
		{"AUTH-457 wrong code", func(name string) error { return confirm(name, another) }, codeIsWrong},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			want := -1
			for _, name := range users {
				w.reset()
				err := s.call(name)
				if errorText(err) != s.text {
					t.Errorf("%s: got %v, want %q", name, err, s.text)
				}
				if n := w.count(); want < 0 {
					want = n
				} else if n != want {
					t.Errorf("%s: %d Updates, for others %d", name, n, want)
				}
			}
		})
	}
	b.deliver()
	for _, m := range b.outbox.All() {
		if m.Kind == message.ForgotPassword && m.Destination != "ada@example.com" {
			t.Errorf("a reset code went to %s", m.Destination)
		}
	}
}

// AUTH-458, AUTH-459: the same for sign-up codes. An unconfirmed user and a name that nobody has look alike.
func TestH7_SignUpCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(hides)
	a.signUp("ada", "email", "ada@example.com")
	a.signUp("off", "email", "off@example.com")
	a.disable("off")
	b.deliver()
	wrong := notCode(b.outbox.LastCode("ada@example.com"))
	for _, name := range []string{"ada", "nobody"} { // nobody has asked for a code yet, and was sent none by signing up
		refused(t, a.confirm(name, wrong), userpool.ErrCodeMismatch, codeIsWrong)
	}
	for _, name := range []string{"ada", "nobody", "off"} {
		for range 5 {
			out, err := a.resend(name)
			check(t, err)
			if out.CodeDeliveryDetails == nil || out.CodeDeliveryDetails.AttributeName != "email" {
				t.Errorf("%s: delivery %+v", name, out.CodeDeliveryDetails)
			}
		}
		_, err := a.resend(name)
		refused(t, err, userpool.ErrLimitExceeded, tooOften)
	}
	b.deliver()
	late := b.outbox.LastCode("ada@example.com")
	wrong = notCode(late)
	for _, name := range []string{"ada", "nobody"} {
		refused(t, a.confirm(name, wrong), userpool.ErrCodeMismatch, codeIsWrong)
	}
	a.clock.Advance(25 * time.Hour)
	for _, code := range []string{wrong, late} {
		for _, name := range []string{"ada", "nobody"} {
			refused(t, a.confirm(name, code), userpool.ErrCodeMismatch, codeIsWrong)
		}
	}
	for _, m := range b.outbox.All() {
		if m.Kind == message.ResendCode && m.Destination != "ada@example.com" {
			t.Errorf("a code went to %s", m.Destination)
		}
	}
}

// The hourly limit and the number of guesses at one code are those of a user, also where there is none.
func TestH7_GhostLimits(t *testing.T) {
	t.Parallel()
	a := setup(t).app(hides)
	a.user("ada", "email", "ada@example.com")
	for _, name := range []string{"ada", "nobody"} {
		_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name})
		check(t, err)
		wrong := "000000"
		if name == "ada" {
			wrong = notCode(a.code("ada@example.com"))
		}
		var texts []string
		for range 21 {
			_, err := a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
				ClientId: a.client, Username: name, ConfirmationCode: wrong, Password: another,
			})
			texts = append(texts, errorText(err))
		}
		for i, got := range texts {
			want := codeIsWrong
			if i >= 10 {
				want = codeIsOver
			}
			if i >= 19 { // with the request itself, twenty an hour (AUTH-431)
				want = tooOften
			}
			if got != want {
				t.Errorf("%s: guess %d got %q, want %q", name, i+1, got, want)
			}
		}
	}
}

// AUTH-461: the simulated destination follows the form of what was typed, and is the same every time.
func TestSimulatedDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(hides)
	for name, want := range map[string]userpool.CodeDeliveryDetailsType{
		"test@test.com": {Destination: "t***@t***", DeliveryMedium: "EMAIL", AttributeName: "email"},
		"+15550101234":  {Destination: "+*******1234", DeliveryMedium: "SMS", AttributeName: "phone_number"},
	} {
		out, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name})
		check(t, err)
		if *out.CodeDeliveryDetails != want {
			t.Errorf("%s: %+v, want %+v", name, *out.CodeDeliveryDetails, want)
		}
	}
	first, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "nobody"})
	check(t, err)
	again, err := a.fork(t).ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "nobody"})
	check(t, err)
	if *first.CodeDeliveryDetails != *again.CodeDeliveryDetails {
		t.Errorf("%+v, then %+v", *first.CodeDeliveryDetails, *again.CodeDeliveryDetails)
	}
}

// Delivery does not tell who exists: a failing sender changes no answer, and no sender at all is the same error for everybody.
func TestH7_Delivery(t *testing.T) {
	t.Parallel()
	for _, sender := range []message.EmailSender{failing{}, nil} {
		b := setup(t, func(c *userpool.Config) { c.Email, c.SMS = sender, nil })
		a := b.app(hides)
		_, err := a.SignUp(t.Context(), &userpool.SignUpInput{
			ClientId: a.client, Username: "ada", Password: password, UserAttributes: attributes("email", "ada@example.com"),
		})
		if sender != nil {
			check(t, err)
		}
		_, err = a.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: a.pool, Username: "ada"})
		check(t, err)
		_, err = a.AdminUpdateUserAttributes(t.Context(), &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: a.pool, Username: "ada", UserAttributes: attributes("email_verified", "true"),
		})
		check(t, err)
		for _, name := range []string{"ada", "nobody"} {
			_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: name})
			if sender != nil {
				check(t, err)
			} else {
				refused(t, err, userpool.ErrCodeDeliveryFailure, "")
			}
		}
	}
}

// failing is a mail server that is down.
type failing struct{}

func (failing) SendEmail(context.Context, message.Email) error {
	return errors.New("connection refused")
}

// AUTH-456…459, AUTH-065: a client that hides nothing says who does not exist. AUTH-465: the client of the request decides.
func TestLegacyExistence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(legacy)
	hidden := a.sibling(hides)
	const unknown = "Username/client id combination not found."
	_, err := a.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: a.client, Username: "nobody"})
	refused(t, err, userpool.ErrUserNotFound, unknown)
	_, err = a.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
		ClientId: a.client, Username: "nobody", ConfirmationCode: "1", Password: password,
	})
	refused(t, err, userpool.ErrUserNotFound, unknown)
	refused(t, a.confirm("nobody", "1"), userpool.ErrUserNotFound, unknown)
	_, err = a.resend("nobody")
	refused(t, err, userpool.ErrUserNotFound, unknown)
	_, err = hidden.resend("nobody")
	check(t, err)
	hidden.user("ada")
	for _, c := range []app{a, hidden} { // AUTH-460
		_, err = c.SignUp(t.Context(), &userpool.SignUpInput{ClientId: c.client, Username: "ada", Password: password})
		refused(t, err, userpool.ErrUsernameExists, "User already exists")
	}
}
