package userpool_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// slowMail is a mail server that, once it is stuck, answers nobody any more: whoever waits for it waits for ever.
type slowMail struct {
	*message.Outbox
	stuck atomic.Bool
}

func (m *slowMail) SendEmail(ctx context.Context, e message.Email) error {
	if m.stuck.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return m.Outbox.SendEmail(ctx, e)
}

// H7, AUTH-451…459: how long an answer takes does not tell whether a name exists, locked out or not, with a slow mail server or not.
// Names are asked for in turn, so that whatever else the machine does meets both alike; the fastest of each are compared.
func TestH7_Timing(t *testing.T) {
	mail := &slowMail{}
	unlimited := func(c *userpool.Config) {
		c.Limits = userpool.Limits{
			ArithmeticWait: time.Minute, FreeAttempts: -1, ForgotPassword: -1, ResendConfirmationCode: -1, MessagesPerDestination: -1,
			WrongFactors: -1, WrongCodes: -1, ConfirmSignUp: -1,
		}
		mail.Outbox = c.Email.(*message.Outbox)
		c.Email = mail
	}
	open, locked := setup(t, unlimited).app(byCode, choosing, hides), setup(t).app(choosing, hides)
	for _, a := range []app{open, locked} {
		a.user("ada", "email", "ada@example.com")
	}
	open.signUp("new", "email", "new@example.com")
	mail.stuck.Store(true)
	for _, name := range []string{"ada", "who"} {
		for range 20 { // locked for minutes, on a clock that stands still
			_, _ = locked.tryPassword(name, another)
		}
	}
	for _, tt := range []struct {
		what, user string
		ask        func(name string) error
	}{
		{"password", "ada", func(name string) error { _, err := open.tryPassword(name, another); return err }},
		{"SRP", "ada", func(name string) error { _, err := open.srp(name, another); return err }},
		{"locked out", "ada", func(name string) error { _, err := locked.tryPassword(name, password); return err }},
		{"choice", "ada", func(name string) error { _, err := open.choose(name, "PREFERRED_CHALLENGE", "EMAIL_OTP"); return err }},
		{"forgotten", "ada", func(name string) error {
			_, err := open.ForgotPassword(t.Context(), &userpool.ForgotPasswordInput{ClientId: open.client, Username: name})
			return err
		}},
		{"reset", "ada", func(name string) error {
			_, err := open.ConfirmForgotPassword(t.Context(), &userpool.ConfirmForgotPasswordInput{
				ClientId: open.client, Username: name, ConfirmationCode: "000000", Password: another,
			})
			return err
		}},
		{"resend", "new", func(name string) error {
			_, err := open.ResendConfirmationCode(t.Context(), &userpool.ResendConfirmationCodeInput{ClientId: open.client, Username: name})
			return err
		}},
		{"confirm", "new", func(name string) error {
			_, err := open.ConfirmSignUp(t.Context(), &userpool.ConfirmSignUpInput{ClientId: open.client, Username: name, ConfirmationCode: "000000"})
			return err
		}},
	} {
		var worst string
		for range 5 {
			if worst = unlike(tt.user, "who", tt.ask); worst == "" {
				break
			}
		}
		if worst != "" {
			t.Errorf("%s: %s", tt.what, worst)
		}
	}
}

// unlike asks for two names in turn and returns what tells them apart: the text of the answer, or half again as much time.
func unlike(user, nobody string, ask func(name string) error) string {
	const rounds = 15
	var took [2][]time.Duration
	for i := range 2 * rounds {
		name := []string{user, nobody}[i%2]
		start := time.Now()
		err := ask(name)
		took[i%2] = append(took[i%2], time.Since(start))
		if want := ask([]string{nobody, user}[i%2]); errorText(err) != errorText(want) {
			return fmt.Sprintf("%s: %v, the other %v", name, err, want)
		}
	}
	const noise = 50 * time.Microsecond                                                           // no network shows less
	if a, b := slices.Min(took[0]), slices.Min(took[1]); 2*a > 3*b+2*noise || 2*b > 3*a+2*noise { // what else the machine does adds only
		return fmt.Sprintf("%v for somebody, %v for nobody", a, b)
	}
	return ""
}
