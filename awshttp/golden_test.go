package awshttp_test

import (
	"flag"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awshttp"
	"github.com/cenote-auth/cenote/iam"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

const divider = "\n=====\n"

var dateLine = regexp.MustCompile(`(?m)^Date: .*$`)

// ERR-001 to 005, ERR-010 to 013, IDP-009, SYNC-001, SIGV4-049: whole exchanges as bytes. A file in testdata holds the
// request, a line of equal signs and the answer; lines end with LF there and with CRLF on the wire.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/exchange/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			request, want, _ := strings.Cut(string(content), divider)
			srv := httptest.NewServer(setup(t, func(c *awshttp.Config) { c.Authenticator = iam.AnyCredentials{} }).handler)
			defer srv.Close()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
			require.NoError(t, err)
			raw, err := io.ReadAll(conn)
			require.NoError(t, err)
			got := dateLine.ReplaceAllString(strings.ReplaceAll(string(raw), "\r\n", "\n"), "Date: (now)")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(request+divider+got), 0o644))
				return
			}
			require.Equal(t, want, got)
		})
	}
}
