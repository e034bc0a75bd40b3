package cenotetest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	name     = "ada@example.com"
	password = "Correct-Horse-9"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// addUser makes a confirmed user.
func addUser(t testing.TB, c *cenotetest.Cenote, p cenotetest.Pool, name string) {
	t.Helper()
	in := &userpool.SignUpInput{ClientId: p.ClientID, Username: name, Password: password}
	_, err := c.UserPools.SignUp(t.Context(), in)
	check(t, err)
	_, err = c.UserPools.AdminConfirmSignUp(t.Context(), &userpool.AdminConfirmSignUpInput{UserPoolId: p.ID, Username: name})
	check(t, err)
}

// signUp registers a user, who gets a code.
func signUp(t testing.TB, c *cenotetest.Cenote, p cenotetest.Pool, name string) {
	t.Helper()
	_, err := c.UserPools.SignUp(t.Context(), &userpool.SignUpInput{ClientId: p.ClientID, Username: name, Password: password})
	check(t, err)
}

// fake is a test that fails without ending the one that looks at it. What may fail runs in during.
type fake struct {
	mu      sync.Mutex
	failed  string
	cleanup []func()
}

func (f *fake) Helper() {}

func (f *fake) Cleanup(fn func()) { f.cleanup = append(f.cleanup, fn) }

func (f *fake) Fatalf(format string, args ...any) {
	f.mu.Lock()
	f.failed = fmt.Sprintf(format, args...)
	f.mu.Unlock()
	runtime.Goexit()
}

// during runs fn as the body of a test, ends that test, and returns with what it failed, if it did.
func during(fn func(t cenotetest.TB)) string {
	f := &fake{}
	var wg sync.WaitGroup
	wg.Go(func() { fn(f) })
	wg.Wait()
	for i := len(f.cleanup) - 1; i >= 0; i-- {
		f.cleanup[i]()
	}
	return f.failed
}

func wantFailure(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("the test failed with %q, want %q", got, want)
	}
}
