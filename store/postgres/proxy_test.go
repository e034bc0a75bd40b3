package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A fault is what a proxy does to a connection that sends the writes of an Update and its COMMIT.
type fault int

const (
	none         fault = iota
	cutBefore          // nothing reaches the server
	cutBetween         // the writes reach the server, COMMIT does not
	cutAfter           // the server commits, the answer does not come back
	cutMeanwhile       // the server has everything, but may not be done when the client finds out
	late               // the client is cut off; the server gets everything when deliver is called
)

// proxy passes a PostgreSQL connection on, until it has to break it.
type proxy struct {
	url  string
	next func() fault // asked once for each Update that commits writes

	mu   sync.Mutex
	held []func() // deliveries of late
}

// newProxy returns a proxy to the server of a database.
func newProxy(t testing.TB, database string, next func() fault) *proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	target := u.Host
	u.Host = l.Addr().String()
	p := &proxy{url: u.String(), next: next}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.serve(client, server)
		}
	}()
	return p
}

// deliver sends what was held back to the server, and returns when the server has answered.
func (p *proxy) deliver() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, send := range p.held {
		send()
	}
	p.held = nil
}

func (p *proxy) serve(client, server net.Conn) {
	var muted atomic.Bool       // answers are thrown away
	answered := make(chan int8) // closed when the server has nothing more to say
	go func() {
		defer close(answered)
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil {
				_ = client.Close()
				return
			}
			if !muted.Load() {
				if _, err := client.Write(buf[:n]); err != nil {
					muted.Store(true)
				}
			}
		}
	}()
	closeBoth := func() { _ = client.Close(); _ = server.Close() }

	statements := map[string]string{} // text by name
	var batch, writes bytes.Buffer    // up to here, and without its COMMIT
	startup, update := true, false
	for {
		head := make([]byte, 5)
		if startup {
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			closeBoth()
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			closeBoth()
			return
		}
		msg := append(head, body...)
		batch.Write(msg)
		if startup {
			startup = false
			_, _ = batch.WriteTo(server)
			continue
		}
		switch head[0] {
		case 'P': // Parse: name, text
			fields := bytes.SplitN(body, []byte{0}, 3)
			statements[string(fields[0])] = string(fields[1])
		case 'B': // Bind: portal, name
			text := statements[string(bytes.SplitN(body, []byte{0}, 3)[1])]
			update = update || strings.Contains(text, ".mark(")
			if text == "commit" {
				writes.Reset()
				writes.Write(batch.Bytes()[:batch.Len()-len(msg)])
			}
		}
		if head[0] != 'S' && head[0] != 'X' && head[0] != 'Q' {
			continue
		}
		f := none
		if update {
			f, update = p.next(), false
		}
		switch f {
		case none:
			_, _ = batch.WriteTo(server)
			continue
		case cutBefore:
		case cutBetween:
			_, _ = writes.WriteTo(server)
		case cutAfter:
			muted.Store(true)
			_, _ = batch.WriteTo(server)
			_, _ = server.Write(terminate)
			<-answered
		case cutMeanwhile:
			_ = client.Close()
			_, _ = batch.WriteTo(server)
			_, _ = server.Write(terminate)
			<-answered
		case late:
			p.mu.Lock()
			p.held = append(p.held, func() {
				_, _ = batch.WriteTo(server)
				_, _ = server.Write(terminate)
				<-answered
				_ = server.Close()
			})
			p.mu.Unlock()
			_ = client.Close()
			return
		}
		closeBoth()
		return
	}
}

// terminate asks the server to end the session when it is done with what came before.
var terminate = []byte{'X', 0, 0, 0, 4}
