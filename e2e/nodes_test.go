package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/cenote-auth/cenote/internal/pgtest"
	"github.com/cenote-auth/cenote/message/webhook"
)

// A mailbox is a receiver of a server's webhook.
type mailbox struct {
	url, secret string
	mu          sync.Mutex
	last        map[string]webhook.Payload
	came        chan struct{}
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{secret: "a secret of the receiver and the server", last: map[string]webhook.Payload{}, came: make(chan struct{}, 1)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || webhook.Verify([]byte(m.secret), r.Header, body, time.Now()) != nil {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		var p webhook.Payload
		if err := json.Unmarshal(body, &p); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		m.mu.Lock()
		m.last[p.To] = p
		m.mu.Unlock()
		select {
		case m.came <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(srv.Close)
	m.url = srv.URL
	return m
}

// code waits for a message to an address and returns the code in it.
func (m *mailbox) code(t *testing.T, to string) string {
	t.Helper()
	deadline := time.After(startTimeout)
	for {
		m.mu.Lock()
		p, ok := m.last[to]
		m.mu.Unlock()
		if ok {
			return p.Code
		}
		select {
		case <-m.came:
		case <-deadline:
			t.Fatalf("no message to %s came", to)
		}
	}
}

// cluster starts n production servers on one new PostgreSQL database, and returns their administrator.
func cluster(t *testing.T, n int, mail *mailbox) ([]*server, credentials) {
	t.Helper()
	admin := credentials{"AKIAE2EADMINISTRATOR", "secret-of-the-administrator-of-the-tests"}
	file := filepath.Join(t.TempDir(), "admins")
	check(t, os.WriteFile(file, []byte("[root]\naws_access_key_id = "+admin.accessKey+"\naws_secret_access_key = "+admin.secretKey+"\n"), 0o600))
	var key [32]byte
	_, err := rand.Read(key[:])
	check(t, err)
	env := []string{"CENOTE_MASTER_KEY=" + base64.StdEncoding.EncodeToString(key[:]), "CENOTE_WEBHOOK_SECRET=" + mail.secret}
	url := pgtest.NewDatabase(t)
	servers := make([]*server, n)
	for i := range servers {
		servers[i] = start(t, env, "serve", "--store", url, "--admin-keys", file, "--webhook-url", mail.url,
			"--rate-limit", "0", "--pool-rate-limit", "0")
	}
	return servers, admin
}

// race runs n calls, width at a time, and counts those that succeed. Those that fail have to fail with E. A busy server's
// TooManyRequestsException is no verdict: the call is made again.
func race[E error](t *testing.T, n, width int, call func(ctx context.Context, i int) error) int {
	t.Helper()
	var won atomic.Int32
	var wg sync.WaitGroup
	slots := make(chan struct{}, width)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			err := call(t.Context(), i)
			for busy(err) {
				err = call(t.Context(), i)
			}
			if err == nil {
				won.Add(1)
			} else if _, ok := errors.AsType[E](err); !ok {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	return int(won.Load())
}

func busy(err error) bool {
	_, ok := errors.AsType[*types.TooManyRequestsException](err)
	return ok
}

// Two processes on one database are one service: a name is taken once, a code confirms once, a sign-in begun at one node ends
// at the other, and what one revokes is dead at the other.
func TestTwoNodesAreOne(t *testing.T) {
	t.Parallel()
	mail := newMailbox(t)
	nodes, admin := cluster(t, 2, mail)
	first := newWorld(t, nodes[0], admin)
	second := first.at(nodes[1])
	at := func(i int) *world { return []*world{first, second}[i%2] }
	ctx := t.Context()
	const name = "ada@example.com"

	won := race[*types.UsernameExistsException](t, 1000, 32, func(ctx context.Context, i int) error {
		w, name, password := at(i), name, password
		_, err := w.api.SignUp(ctx, &cip.SignUpInput{ClientId: &w.client, Username: &name, Password: &password})
		return err
	})
	if won != 1 {
		t.Fatalf("%d of 1000 sign-ups under one name succeeded, want 1", won)
	}

	code := mail.code(t, name)
	won = race[*types.NotAuthorizedException](t, 8, 8, func(ctx context.Context, i int) error {
		w, name := at(i), name
		_, err := w.api.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &w.client, Username: &name, ConfirmationCode: &code})
		if _, ok := errors.AsType[*types.ExpiredCodeException](err); ok {
			return &types.NotAuthorizedException{} // a code that is gone is refused in either way
		}
		return err
	})
	if won != 1 {
		t.Fatalf("%d of 8 confirmations by one code succeeded, want 1", won)
	}

	tokens, err := first.signIn(ctx, name, password)
	check(t, err)
	if _, err := second.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken}); err != nil {
		t.Errorf("a token of the other node: %v", err)
	}
	if _, err := signInAcross(ctx, first, second, name, password); err != nil {
		t.Errorf("a sign-in across both nodes: %v", err)
	}
	_, err = second.api.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: tokens.AccessToken})
	check(t, err)
	_, err = first.api.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	if _, ok := errors.AsType[*types.NotAuthorizedException](err); !ok {
		t.Errorf("a token that the other node has revoked: %v", err)
	}
}

// A server for production does nothing for administrators without their signature.
func TestServeAuthenticatesAdministrators(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, nil, "serve", "--data", filepath.Join(dir, "data"))
	makePool := func(keys credentials) error {
		name := "people"
		_, err := api(s.url, keys).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &name})
		return err
	}
	for name, keys := range map[string]credentials{"nobody's key": anyone, "another secret": {accessKey(t, dir).accessKey, anyone.secretKey}} {
		err := makePool(keys)
		if code, ok := errors.AsType[interface {
			error
			ErrorCode() string
		}](err); !ok || code.ErrorCode() != "UnrecognizedClientException" && code.ErrorCode() != "InvalidSignatureException" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := makePool(accessKey(t, dir)); err != nil {
		t.Errorf("the administrator's key: %v", err)
	}
	for _, secret := range []string{"data.key", "data.credentials"} {
		info, err := os.Stat(filepath.Join(dir, secret))
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", secret, info.Mode().Perm())
		}
	}
	res, err := http.Get(s.url + "/_cenote/outbox")
	check(t, err)
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		t.Error("a server for production shows its outbox")
	}
}
