package smtp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// received is one mail as the server took it.
type received struct {
	from, to  string
	data      string
	encrypted bool
	user      string // who had authenticated
	helo      string
}

// server is a mail server that does what it is told.
type server struct {
	startTLS bool // offer STARTTLS
	implicit bool // TLS from the first byte
	silent   bool // accept connections and say nothing
	rcpt     string
	final    string // answer to the mail itself

	addr string
	tls  *tls.Config
	root *x509.CertPool

	mu       sync.Mutex
	mails    []received
	sessions sync.WaitGroup
	commands []string
}

// start runs the server on loopback until the test ends.
func (s *server) start(t *testing.T) *server {
	t.Helper()
	s.tls, s.root = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.sessions.Go(func() { s.serve(c) })
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		s.sessions.Wait() // hangs if a connection was left open
	})
	return s
}

func (s *server) serve(c net.Conn) {
	defer func() { c.Close() }()
	if s.silent {
		io.Copy(io.Discard, c)
		return
	}
	mail := received{}
	if s.implicit {
		c, mail.encrypted = tls.Server(c, s.tls), true
	}
	r := textproto.NewReader(bufio.NewReader(c))
	say := func(lines ...string) { io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n") }
	say("220 mx.example.com ESMTP")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			mail.helo = rest
			hello := []string{"250-mx.example.com", "250-ENHANCEDSTATUSCODES", "250-SMTPUTF8", "250-AUTH PLAIN"}
			if s.startTLS && !mail.encrypted {
				hello = append(hello, "250-STARTTLS")
			}
			say(append(hello, "250 8BITMIME")...)
		case "STARTTLS":
			say("220 go ahead")
			c, mail.encrypted = tls.Server(c, s.tls), true
			r = textproto.NewReader(bufio.NewReader(c))
		case "AUTH":
			_, encoded, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(encoded)
			parts := strings.Split(string(plain), "\x00")
			if len(parts) != 3 || parts[2] != "s3cret" {
				say("535 5.7.8 no")
				continue
			}
			mail.user = parts[1]
			say("235 2.7.0 welcome")
		case "MAIL":
			mail.from = rest
			say("250 2.1.0 ok")
		case "RCPT":
			mail.to = rest
			if s.rcpt != "" {
				say(s.rcpt)
				continue
			}
			say("250 2.1.5 ok")
		case "DATA":
			say("354 go on")
			data, err := r.ReadDotBytes()
			if err != nil {
				return
			}
			if s.final != "" {
				say(s.final)
				continue
			}
			mail.data = string(data)
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			say("250 2.0.0 queued")
		case "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

// only returns the one mail that has come.
func (s *server) only(t *testing.T) received {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 1 {
		t.Fatalf("%d mails have come, want 1", len(s.mails))
	}
	return s.mails[0]
}

// heard returns what clients said, without what was said inside DATA.
func (s *server) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

// certificate returns a configuration for a server on 127.0.0.1 and the roots that trust it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	root := x509.NewCertPool()
	root.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, root
}
