package awshttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awshttp"
)

// ERR-005, IDP-010: the preflight allows what it is asked for.
func TestPreflight(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		asked []string
		want  string
	}{
		{"as SDKs ask", []string{"amz-sdk-request,content-type, X-Amz-Target"}, "amz-sdk-request,content-type,x-amz-target"},
		{"nothing", nil, "*"},
		{"two lines", []string{"a", "b"}, "a,b"},
		{"not a name", []string{"a\r\nb, c d, \x00, e"}, "e"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("OPTIONS", "/", nil)
			r.Header.Set("Origin", "https://app.example")
			r.Header["Access-Control-Request-Headers"] = tt.asked
			res := setup(t, nil).do(r)
			answer(t, res, 200, "")
			require.Equal(t, http.Header{
				"Content-Type": {"text/plain"}, "Content-Length": {"0"}, "X-Amzn-Requestid": {requestID},
				"Access-Control-Allow-Origin":   {"*"},
				"Access-Control-Allow-Methods":  {"DELETE,GET,POST"},
				"Access-Control-Allow-Headers":  {tt.want},
				"Access-Control-Expose-Headers": {"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"},
			}, res.Header)
		})
	}
}

// AllowOrigins narrows who reads answers, errors included.
func TestAllowOrigins(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *awshttp.Config) { c.AllowOrigins = []string{"https://app.example", "http://localhost:3000"} })
	for origin, want := range map[string]string{
		"https://app.example": "https://app.example", "http://localhost:3000": "http://localhost:3000",
		"http://app.example": "", "https://app.example.evil": "", "null": "", "": "",
	} {
		for _, target := range []string{"SignUp", "AdminGetUser", "Nope"} {
			r := post(idp+target, `{}`)
			r.Header.Set("Origin", origin)
			res := w.do(r)
			require.Equal(t, want, res.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Origin", res.Header.Get("Vary"))
		}
		r := httptest.NewRequest("OPTIONS", "/", nil)
		r.Header.Set("Origin", origin)
		require.Equal(t, want != "", w.do(r).Header.Get("Access-Control-Allow-Headers") != "")
	}
}
