package awshttp_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
)

var principal = &iam.Principal{ARN: admin, Account: account}

// refuses is an authorizer that does.
type refuses struct{ err error }

func (r refuses) Authorize(context.Context, *awsapi.Call) error { return r.err }

// M8: a body has a limit, announced or not.
func TestM8_BodyLimit(t *testing.T) {
	t.Parallel()
	small := func(c *awshttp.Config) { c.MaxBody = 100 }
	fits := `"` + strings.Repeat("a", 98) + `"`
	tests := []struct {
		name   string
		body   io.Reader
		length int64
		status int
	}{
		{"at the limit", strings.NewReader(fits), 100, 400}, // a JSON string is no input
		{"above", strings.NewReader(fits + " "), 101, 413},
		{"announced", unread{t}, 101, 413},
		{"announced far above", unread{t}, 1 << 40, 413},
		{"at the limit, unannounced", strings.NewReader(fits), -1, 400},
		{"above, unannounced", strings.NewReader(fits + " "), -1, 413},
		{"endless", endless{}, -1, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := post(idp+"SignUp", "")
			r.Body, r.ContentLength = io.NopCloser(tt.body), tt.length
			res := setup(t, small).do(r)
			require.Equal(t, tt.status, res.StatusCode)
			if tt.status == 413 {
				answer(t, res, 413, `{"__type":"RequestEntityTooLargeException","message":"The request is too large."}`)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// unread is a body that nobody may touch.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// H6: a request that its headers condemn costs no reading.
func TestH6_BodyOfRefusedRequestUnread(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*http.Request{
		"unsigned":       post(idp+"AdminGetUser", ""),
		"unknown":        post(idp+"Nope", ""),
		"wrong protocol": httptest.NewRequest("POST", "/", nil),
		"limited":        post(idp+"SignUp", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(c *awshttp.Config) {
				if name == "limited" {
					c.Limiter = &limiter{arrive: errRate}
				}
			})
			r.Body, r.ContentLength = io.NopCloser(unread{t}), 1000
			require.GreaterOrEqual(t, w.do(r).StatusCode, 400)
		})
	}
}

// The memory of a request grows with what arrives, not with what was announced.
func TestM8_AnnouncedLengthIsNotAllocated(t *testing.T) {
	w := setup(t, func(c *awshttp.Config) { c.MaxBody = 256 << 20 })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		r := post(idp+"SignUp", "")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{")), 200<<20
		w.do(r)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
}

// A client that stops sending is cut off by the server's own time-out.
func TestM8_SlowBody(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(setup(t, nil).handler)
	srv.Config.ReadTimeout, srv.Config.ReadHeaderTimeout = 100*time.Millisecond, time.Minute
	srv.Start()
	defer srv.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\nX-Amz-Target: %sSignUp\r\nContent-Length: 10\r\n\r\n{", json11, idp)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	answer(t, res, 408, `{"__type":"RequestTimeoutException","message":"The request did not arrive in time."}`)
}

// An authenticator that goes on after a failed read does not get the service a cut-off body.
func TestC9_FailedReadSticks(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) { c.Authenticator, c.MaxBody = careless{}, 10 })
	r := post(idp+"AdminGetUser", "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`           {}`)), -1
	require.Equal(t, 413, w.do(r).StatusCode)
	require.Empty(t, w.idp.served())
}

type careless struct{}

func (careless) Authenticate(_ context.Context, _ *iam.Request, body iam.Body) (*iam.Principal, error) {
	_, _ = body()
	return principal, nil
}

// Buffers are not shared between requests that run at the same time.
func TestConcurrentBodies(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	done := make(chan error)
	for i := range 16 {
		go func() {
			for n := range 50 {
				body := fmt.Sprintf(`{"a":"%s"}`, strings.Repeat(fmt.Sprint(i), n*40))
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, post(idp+"SignUp", body))
				if !bytes.Equal(rec.Body.Bytes(), []byte(body)) {
					done <- fmt.Errorf("sent %q, got %q", body, rec.Body)
					return
				}
			}
			done <- nil
		}()
	}
	for range 16 {
		require.NoError(t, <-done)
	}
}

var errRate = awsapi.ErrTooManyRequests.New("Rate exceeded")

// limiter refuses at one of its two points and remembers what it was asked.
type limiter struct {
	arrive, call error
	asked        []string
}

func (l *limiter) Arrive(_ context.Context, op *awsapi.Operation, addr netip.Addr) error {
	l.asked = append(l.asked, op.Name+" "+addr.String())
	return l.arrive
}

func (l *limiter) Call(_ context.Context, c *awsapi.Call) error {
	l.asked = append(l.asked, c.Op.Name+" "+c.Resource)
	return l.call
}

// QUO-006: rates per address, and per pool before anybody is authorised.
func TestLimiter(t *testing.T) {
	t.Parallel()
	const refused = `{"__type":"TooManyRequestsException","message":"Rate exceeded"}`
	for _, op := range []string{"SignUp", "AdminGetUser"} {
		l := &limiter{arrive: errRate}
		w := setup(t, func(c *awshttp.Config) { c.Limiter = l })
		answer(t, w.do(post(idp+op, "{}")), 400, refused)
		require.Equal(t, []string{op + " 192.0.2.1"}, l.asked)

		l = &limiter{call: errRate}
		w = setup(t, func(c *awshttp.Config) { c.Limiter, c.Authorizer = l, refuses{io.EOF} })
		answer(t, w.do(sign(t, post(idp+op, "{}"), "cognito-idp", "{}")), 400, refused)
		require.Equal(t, []string{op + " 192.0.2.1", op + " " + poolARN}, l.asked)
		require.Empty(t, w.idp.served())
	}
}
