package awshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cenote-auth/cenote/awshttp"
)

// H9: documents are answered on the hosts that are answered to, and nowhere else.
func TestH9_DocumentsNeedAKnownHost(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) {
		c.Hosts = []string{"auth.example.com"}
		c.Documents = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "document ", r.URL.Path) })
	})
	for _, tt := range []struct {
		name, method, host, path string
		want                     int
	}{
		{"known host", "GET", "auth.example.com", "/pool/.well-known/jwks.json", http.StatusOK},
		{"unknown host", "GET", "evil.example.com", "/pool/.well-known/jwks.json", http.StatusMisdirectedRequest},
		{"another method", "POST", "auth.example.com", "/pool/.well-known/jwks.json", http.StatusNotFound},
		{"another path", "GET", "auth.example.com", "/pool/jwks.json", http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, "http://"+tt.host+tt.path, nil)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code != tt.want {
				t.Errorf("status %d, want %d: %s", rec.Code, tt.want, rec.Body)
			}
		})
	}
}
