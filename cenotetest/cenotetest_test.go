package cenotetest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cenote-auth/cenote"
	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/internal/testkid"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

// The start of an instance and the making of a pool: each has to stay under a millisecond.
func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		if failed := during(func(t cenotetest.TB) { cenotetest.Run(t) }); failed != "" {
			b.Fatal(failed)
		}
	}
}

func BenchmarkPool(b *testing.B) {
	c := cenotetest.Run(b)
	empty := c.Snapshot()
	for b.Loop() {
		c.Pool(b, cenotetest.Pool{})
		c.Restore(empty) // costs next to nothing; an account has no more than a thousand pools
	}
}

func BenchmarkFork(b *testing.B) {
	c := cenotetest.Run(b)
	c.Load(b, "../testdata/people.json")
	for b.Loop() {
		if failed := during(func(t cenotetest.TB) { c.Fork(t) }); failed != "" {
			b.Fatal(failed)
		}
	}
}

func BenchmarkSignIn(b *testing.B) {
	c := cenotetest.Run(b)
	p := c.Pool(b, cenotetest.Pool{})
	addUser(b, c, p, name)
	for b.Loop() {
		if _, err := c.SignIn(b.Context(), p, name, password); err != nil {
			b.Fatal(err)
		}
	}
}

// Hundreds of instances live in one process and know nothing of each other.
func TestManyInstances(t *testing.T) {
	t.Parallel()
	const instances = 200
	var mu sync.Mutex
	kids := map[string]bool{}
	t.Run("group", func(t *testing.T) {
		for i := range instances {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				c := cenotetest.Run(t)
				p := c.Pool(t, cenotetest.Pool{})
				addUser(t, c, p, name)
				out, err := c.UserPools.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ // cheaper than SRP under -race
					ClientId: p.ClientID, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
					AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
				})
				check(t, err)
				tokens := out.AuthenticationResult
				_, err = c.UserPools.Verifier(p.ID, p.ClientID).Verify(t.Context(), tokens.AccessToken)
				check(t, err)
				if n := len(c.Outbox().All()); n != 1 {
					t.Errorf("%d messages", n)
				}
				kid := kidOf(t, tokens.AccessToken)
				mu.Lock()
				defer mu.Unlock()
				if kids[kid] {
					t.Errorf("two pools sign under the kid %s", kid)
				}
				kids[kid] = true
			})
		}
	})
	if len(kids) != instances {
		t.Errorf("%d kids", len(kids))
	}
}

func kidOf(t *testing.T, raw string) string {
	t.Helper()
	j, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	check(t, err)
	kid, _ := j.Header["kid"].(string)
	return kid
}

// H5: what signs in tests is marked by its kid, which a server refuses to publish.
func TestH5_KeysOfTestsAreMarked(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	addUser(t, c, p, name)
	tokens, err := c.SignIn(t.Context(), p, name, password)
	check(t, err)
	for _, raw := range []string{tokens.Access, tokens.ID} {
		if kid := kidOf(t, raw); !testkid.Is(kid) {
			t.Errorf("kid %s", kid)
		}
	}
}

// H5: nothing but a test can use the keys.
func TestH5_OnlyInTests(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "run", "./testdata/notatest").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the keys are public; they are for tests only") {
		t.Errorf("a program that is no test: %v\n%s", err, out)
	}
}

// Instances in bubbles use the bubble's clock, and nothing of them is left when the bubble ends: synctest fails otherwise.
func TestBubbles(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			c := cenotetest.Run(t)
			p := c.Pool(t, cenotetest.Pool{})
			addUser(t, c, p, name)
			tokens, err := c.SignIn(t.Context(), p, name, password)
			check(t, err)
			v := c.UserPools.Verifier(p.ID)
			time.Sleep(30 * time.Minute) // by the bubble, and by Advance
			_, err = v.Verify(t.Context(), tokens.Access)
			check(t, err)
			c.Advance(31 * time.Minute)
			if _, err = v.Verify(t.Context(), tokens.Access); !errors.Is(err, token.ErrExpired) {
				t.Errorf("an hour later: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			check(t, c.Run(ctx)) // until ctx ends, which takes no time
		})
	}
}

// Senders that take their time do not stop a bubble, also while others wait for them.
func TestSlowSendersInBubbles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cenotetest.Run(t, func(cfg *cenote.Config) { cfg.Email = slow{cfg.Email} })
		p := c.Pool(t, cenotetest.Pool{})
		begun := time.Now()
		for i := range 4 {
			go func() {
				to := fmt.Sprintf("user%d@example.com", i)
				_, err := c.UserPools.SignUp(t.Context(), &userpool.SignUpInput{ClientId: p.ClientID, Username: to, Password: password})
				if err != nil || c.Outbox().LastCode(to) == "" {
					t.Errorf("%s: %v", to, err)
				}
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		last := c.Outbox().All()
		if took := last[len(last)-1].At.Sub(begun); took != 40*time.Second {
			t.Errorf("the last message was sent after %v", took)
		}
	})
}

type slow struct{ message.EmailSender }

func (s slow) SendEmail(ctx context.Context, m message.Email) error {
	time.Sleep(10 * time.Second)
	return s.EmailSender.SendEmail(ctx, m)
}

// A sender may itself call the instance.
func TestSendersMayCall(t *testing.T) {
	t.Parallel()
	var c *cenotetest.Cenote
	var pool string
	c = cenotetest.Run(t, func(cfg *cenote.Config) {
		cfg.Email = senderFunc(func(ctx context.Context, m message.Email) error {
			_, err := c.UserPools.AdminConfirmSignUp(ctx, &userpool.AdminConfirmSignUpInput{UserPoolId: pool, Username: m.To})
			return err
		})
	})
	p := c.Pool(t, cenotetest.Pool{})
	pool = p.ID
	signUp(t, c, p, name)
	_, err := c.SignIn(t.Context(), p, name, password)
	check(t, err)
}

type senderFunc func(context.Context, message.Email) error

func (f senderFunc) SendEmail(ctx context.Context, m message.Email) error { return f(ctx, m) }

// What the package keeps for itself stays its own, and the rest is the test's.
func TestConfigure(t *testing.T) {
	t.Parallel()
	var seen []string
	c := cenotetest.Run(t, func(cfg *cenote.Config) {
		cfg.AccountID = "210987654321"
		cfg.Store, cfg.Now = memory.New(memory.Config{}), func() time.Time { return time.Unix(0, 0) }
		cfg.MasterKeys = [][]byte{make([]byte, 32)}
	}, func(cfg *cenote.Config) {
		cfg.Interceptors = append(cfg.Interceptors, func(ctx context.Context, call *awsapi.Call, next awsapi.Next) (any, error) {
			out, err := next(ctx, call)
			seen = append(seen, fmt.Sprintf("%s %v", call.Op.Name, errors.Is(err, userpool.ErrTooManyRequests)))
			return out, err
		})
	})
	before := time.Now()
	if now := c.Now(); now.Before(before) || now.After(time.Now()) {
		t.Errorf("the clock shows %v", now)
	}
	p := c.Pool(t, cenotetest.Pool{Settings: func(in *userpool.CreateUserPoolInput) { in.PoolName = "mine" }})
	c.FailNext("SignUp", userpool.ErrTooManyRequests)
	_, err := c.UserPools.SignUp(t.Context(), &userpool.SignUpInput{ClientId: p.ClientID, Username: name, Password: password})
	if !errors.Is(err, userpool.ErrTooManyRequests) {
		t.Errorf("as ordered: %v", err)
	}
	if want := []string{"CreateUserPool false", "CreateUserPoolClient false", "SignUp true"}; !slices.Equal(seen, want) {
		t.Errorf("the interceptor saw %v, want %v", seen, want)
	}
	got := during(func(t cenotetest.TB) {
		cenotetest.Run(t, func(cfg *cenote.Config) { cfg.Region = "mars" })
	})
	wantFailure(t, got, "Region")
}

// What cannot be made ends the test with the reason.
func TestFailures(t *testing.T) {
	t.Parallel()
	got := during(func(t cenotetest.TB) {
		cenotetest.Run(t).Pool(t, cenotetest.Pool{Settings: func(in *userpool.CreateUserPoolInput) { in.PoolName = "no/name" }})
	})
	wantFailure(t, got, "make a pool: InvalidParameterException")
	got = during(func(t cenotetest.TB) {
		cenotetest.Run(t).Pool(t, cenotetest.Pool{Client: func(in *userpool.CreateUserPoolClientInput) { in.ClientName = "no/name" }})
	})
	wantFailure(t, got, "make a client: InvalidParameterException")
	got = during(func(t cenotetest.TB) { cenotetest.Run(t).Load(t, "testdata/no-file.json") })
	wantFailure(t, got, "no-file.json")
	got = during(func(t cenotetest.TB) { cenotetest.Run(t).Load(t, "cenotetest_test.go") })
	wantFailure(t, got, "parse the import")
}

// SignIn names the challenge that a password alone does not answer.
func TestSignInNamesTheChallenge(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	p := c.Pool(t, cenotetest.Pool{})
	_, err := c.UserPools.AdminCreateUser(t.Context(), &userpool.AdminCreateUserInput{UserPoolId: p.ID, Username: name, TemporaryPassword: password})
	check(t, err)
	if _, err = c.SignIn(t.Context(), p, name, password); err == nil || !strings.Contains(err.Error(), "NEW_PASSWORD_REQUIRED") {
		t.Errorf("signed in: %v", err)
	}
	if _, err = c.SignIn(t.Context(), p, name, "Wrong-Horse-9"); !errors.Is(err, userpool.ErrNotAuthorized) {
		t.Errorf("a wrong password: %v", err)
	}
}

// An instance has no goroutines of its own, and what its server had ends with the test.
func TestNothingIsLeftBehind(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	for range 20 {
		failed := during(func(f cenotetest.TB) {
			c := cenotetest.Run(f, func(cfg *cenote.Config) { cfg.Logger = slog.New(slog.DiscardHandler) })
			p := c.Pool(f, cenotetest.Pool{})
			signUp(t, c, p, name)
			c.Fork(f).Advance(time.Hour)
			if n := goroutines(before + 1); n > before+1 { // the fake test has one
				f.Fatalf("%d goroutines, %d before", n, before)
			}
			c.URL()
		})
		if failed != "" {
			t.Fatal(failed)
		}
	}
	if n := goroutines(before); n > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", n, before, stacks[:runtime.Stack(stacks, true)])
	}
}

// goroutines returns how many there are, once those that are about to end have had their time to.
func goroutines(want int) int {
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > want && time.Now().Before(end); {
		runtime.Gosched()
	}
	return runtime.NumGoroutine()
}
