package cenote_test

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer takes mail on a loopback port and hands it over: what an operator has already.
type mailServer struct {
	addr  string
	mails chan string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	s := &mailServer{addr: l.Addr().String(), mails: make(chan string, 16)}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		sessions.Wait()
	})
	return s
}

func (s *mailServer) serve(c net.Conn) {
	defer c.Close()
	r := textproto.NewReader(bufio.NewReader(c))
	answer := "220 mail.example.com ESMTP"
	for {
		fmt.Fprint(c, answer+"\r\n")
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		answer = "250 ok"
		switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			data, err := r.ReadDotBytes()
			if err != nil {
				return
			}
			s.mails <- string(data)
		case "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		}
	}
}
