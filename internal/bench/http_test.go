package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
	"github.com/cenote-auth/cenote/store/memory"
)

const (
	region    = "us-east-1"
	keyID     = "AKIABENCH"
	secretKey = "a secret key of the benchmark, 40 letters"
)

// emptyAnswer is the floor of requests: it reads them and answers "{}".
func emptyAnswer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "{}")
}

// httpRows sends the same requests over the same kind of connection to the service and to a handler that reads them and answers
// "{}". net/http's client is what a service has, and costs as much as the empty handler; the bare client writes prepared bytes and
// looks for the length of the answer, so that nearly all of either side is the server.
func httpRows(ctx context.Context, o options) ([]row, error) {
	w, err := newWorld(ctx, memory.New(memory.Config{}))
	if err != nil {
		return nil, err
	}
	if err := w.addUsers(ctx, signInUsers); err != nil {
		return nil, err
	}
	service, err := w.handler()
	if err != nil {
		return nil, err
	}
	ours, err := serve(ctx, service)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	floor, err := serve(ctx, http.HandlerFunc(emptyAnswer))
	if err != nil {
		return nil, err
	}
	defer floor.close()
	getUser, err := w.getUserRequests(ctx)
	if err != nil {
		return nil, err
	}
	adminGetUser, err := w.adminGetUserRequests(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range []struct {
		what     string
		requests [][]byte
	}{
		{"GetUser, by access token", getUser},
		{"AdminGetUser, signed by SigV4", adminGetUser},
	} {
		parsed, err := parseRequests(m.requests)
		if err != nil {
			return nil, err
		}
		c, err := compare(o, ours.asking(ctx, parsed), floor.asking(ctx, parsed))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, times(m.what, c, 3))
		if c, err = compare(o, ours.sending(m.requests), floor.sending(m.requests)); err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, times("    the same by the bare client", c, 0))
	}
	unseen, err := w.unseen(ctx, getUser)
	if err != nil {
		return nil, err
	}
	parsed, err := parseRequests(getUser)
	if err != nil {
		return nil, err
	}
	c, err := compare(o, unseen, floor.asking(ctx, parsed))
	if err != nil {
		return nil, err
	}
	return append(rows, times("GetUser, by a token that was not seen before", c, 0)), nil
}

// unseen is GetUser by tokens that the service has never verified: each of them meets a new service on the same store. What a new
// service learns from its first request is not measured.
func (w *world) unseen(ctx context.Context, requests [][]byte) (work, error) {
	parsed, err := parseRequests(requests)
	if err != nil {
		return nil, err
	}
	last := len(parsed) - 1
	return func(n int) (time.Duration, error) {
		var spent time.Duration
		for n > 0 {
			users, err := newService(w.db)
			if err != nil {
				return 0, err
			}
			fresh := *w
			fresh.users = users
			h, err := fresh.handler()
			if err != nil {
				return 0, err
			}
			p, err := serve(ctx, h)
			if err != nil {
				return 0, err
			}
			if _, err := p.asking(ctx, parsed[last:])(1); err != nil {
				return 0, err
			}
			some := min(n, last)
			d, err := p.asking(ctx, parsed[:last])(some)
			if err != nil {
				return 0, err
			}
			p.close()
			spent += d
			n -= some
		}
		return spent, nil
	}, nil
}

// handler is the service as `cenote serve` has it: signatures count.
func (w *world) handler() (http.Handler, error) {
	keys, err := iam.NewStaticKeys(iam.AccessKey{
		ID: keyID, Secret: secretKey, Principal: iam.Principal{ARN: "arn:aws:iam::123456789012:user/bench", Account: "123456789012"},
	})
	if err != nil {
		return nil, err
	}
	verifier, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: region})
	if err != nil {
		return nil, err
	}
	return awshttp.New(awshttp.Config{Services: []awshttp.Service{w.users}, Authenticator: verifier, Authorizer: iam.AllowAll{}})
}

// peer is a server and two ways to it.
type peer struct {
	server *http.Server
	client *http.Client
	conn   net.Conn
	in     *bufio.Reader
}

func serve(ctx context.Context, h http.Handler) (*peer, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &peer{server: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}}
	go p.server.Serve(l)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	p.client = &http.Client{Transport: &http.Transport{DialContext: dial}} // whatever the host
	if p.conn, err = dial(ctx, "", ""); err != nil {
		p.server.Close()
		return nil, err
	}
	p.in = bufio.NewReaderSize(p.conn, 16<<10)
	return p, nil
}

func (p *peer) close() {
	p.client.CloseIdleConnections()
	p.conn.Close()
	p.server.Close()
}

// parsedRequest is a request for net/http's client.
type parsedRequest struct {
	*http.Request
	body []byte
}

func parseRequests(raw [][]byte) ([]parsedRequest, error) {
	var out []parsedRequest
	for _, b := range raw {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", r.Host, ""
		out = append(out, parsedRequest{r, body})
	}
	return out, nil
}

// asking sends the requests in turn by net/http's client.
func (p *peer) asking(ctx context.Context, requests []parsedRequest) work {
	var answer bytes.Buffer
	return on(process, func(i int) error {
		r := requests[i%len(requests)]
		sent := r.WithContext(ctx)
		sent.Body = io.NopCloser(bytes.NewReader(r.body))
		res, err := p.client.Do(sent)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer.Reset()
		_, err = answer.ReadFrom(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%w: %s", errRefused, answer.Bytes())
		}
		return err
	})
}

// sending sends the bytes of requests in turn by the bare client.
func (p *peer) sending(requests [][]byte) work {
	return on(process, func(i int) error { return p.send(requests[i%len(requests)]) })
}

func (p *peer) send(request []byte) error {
	if _, err := p.conn.Write(request); err != nil {
		return err
	}
	status, err := p.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	length := -1
	for {
		h, err := p.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(h) <= len("\r\n") {
			break
		}
		if v, found := bytes.CutPrefix(h, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without length")
	}
	body, err := p.in.Peek(length)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", errRefused, body)
	}
	if err != nil {
		return err
	}
	_, err = p.in.Discard(length)
	return err
}

// request returns the bytes of a request as an SDK sends it. Signed ones are good for five minutes.
func request(ctx context.Context, op string, body []byte, signed bool) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://cognito-idp."+region+".amazonaws.com/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+op)
	r.Header.Set("User-Agent", "aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/cognitoidentityprovider#1.61.0")
	if signed {
		sum := sha256.Sum256(body)
		credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secretKey}
		if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "cognito-idp", region, time.Now()); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err = r.Write(&b)
	return b.Bytes(), err
}

func (w *world) getUserRequests(ctx context.Context) ([][]byte, error) {
	var out [][]byte
	for i := range signInUsers {
		a, err := w.call(ctx, "InitiateAuth", w.passwordBody(i))
		if err != nil {
			return nil, err
		}
		r, err := request(ctx, "GetUser", encode(object{"AccessToken": a.AuthenticationResult.AccessToken}), false)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (w *world) adminGetUserRequests(ctx context.Context) ([][]byte, error) {
	var out [][]byte
	for i := range signInUsers {
		r, err := request(ctx, "AdminGetUser", encode(object{"UserPoolId": w.pool, "Username": userName(i)}), true)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(string(r), "Authorization: ") {
			return nil, errors.New("a request without signature")
		}
		out = append(out, r)
	}
	return out, nil
}
