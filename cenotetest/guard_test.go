package cenotetest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/cenotetest"
)

// C1: a web page that the developer visits while a test runs cannot administer the test's server.
func TestC1_URLAnswersNoForeignPage(t *testing.T) {
	t.Parallel()
	c := cenotetest.Run(t)
	for _, tt := range []struct {
		name, header, value string
		want                int
	}{
		{"program", "User-Agent", "a program", http.StatusOK},
		{"foreign page", "Origin", "https://evil.example", http.StatusForbidden},
		{"rebound name", "Host", "evil.example", http.StatusMisdirectedRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL(), strings.NewReader(`{"MaxResults": 1}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-amz-json-1.1")
			req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.ListUserPools")
			req.Header.Set("X-Amz-Date", "20260101T000000Z")
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-idp/aws4_request, "+
				"SignedHeaders=host;x-amz-date;x-amz-target, Signature="+strings.Repeat("0", 64))
			req.Header.Set(tt.header, tt.value)
			if tt.header == "Host" {
				req.Host = tt.value
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tt.want {
				t.Errorf("status %d, want %d", res.StatusCode, tt.want)
			}
		})
	}
}
