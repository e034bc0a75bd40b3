package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

const wellFormed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/eu-central-1/cognito-idp/aws4_request, " +
	"SignedHeaders=host;x-amz-date, Signature=00"

// SIGV4-002, 003, 040, 041: forms of the Authorization header and of the date.
func TestAuthorizationForms(t *testing.T) {
	t.Parallel()
	const (
		needCredential = "Authorization header requires 'Credential' parameter. "
		needSignature  = "Authorization header requires 'Signature' parameter. "
		needHeaders    = "Authorization header requires 'SignedHeaders' parameter. "
		needDate       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
		incomplete     = awsapi.ErrIncompleteSignature
		badDate        = "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601"
		badNames       = "SignedHeaders must be lower-case header names in ascending order, each once, got '%s'"
	)
	names := func(s string) string { return strings.Replace(wellFormed, "host;x-amz-date", s, 1) }
	tests := []struct {
		name, header, date string
		code               awsapi.Code
		text               string // "" means that only the signature is wrong
	}{
		{name: "well-formed", header: wellFormed},
		{name: "no spaces", header: strings.ReplaceAll(wellFormed, ", ", ",")},
		{name: "other order", header: "AWS4-HMAC-SHA256 Signature=00, SignedHeaders=host;x-amz-date, Credential=AKIDEXAMPLE/20260304/eu-central-1/cognito-idp/aws4_request"},
		{name: "SIGV4-040 none", header: "-", code: awsapi.ErrMissingAuthentication, text: "Missing Authentication Token"},
		{name: "SIGV4-040 empty", header: "", code: awsapi.ErrMissingAuthentication, text: "Missing Authentication Token"},
		{name: "SIGV4-041 bare JWT", header: "eyJ.e30.AA", date: "-", code: incomplete,
			text: needCredential + needSignature + needHeaders + needDate + "Authorization=eyJ.e30.AA"},
		{name: "SIGV4-041 bearer", header: "Bearer eyJ.e30.AA", code: incomplete,
			text: needCredential + needSignature + needHeaders + "Authorization=Bearer eyJ.e30.AA"},
		{name: "SIGV4-041 nothing but the algorithm", header: "AWS4-HMAC-SHA256", code: incomplete,
			text: needCredential + needSignature + needHeaders + "Authorization=AWS4-HMAC-SHA256"},
		{name: "SIGV4-041 no credential", header: "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", code: incomplete,
			text: needCredential + "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00"},
		{name: "SIGV4-041 no date", header: wellFormed, date: "-", code: incomplete, text: needDate + "Authorization=" + wellFormed},
		{name: "other algorithm", header: strings.Replace(wellFormed, "SHA256", "SHA512", 1), code: incomplete,
			text: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."},
		{name: "not a pair", header: wellFormed + ", x", code: incomplete,
			text: "'x' not a valid key=value pair (missing equal-sign) in Authorization header: '" + wellFormed + ", x'."},
		{name: "unknown parameter", header: wellFormed + ", X=1", code: incomplete,
			text: "Authorization header has an unknown or repeated parameter 'X'. Authorization=" + wellFormed + ", X=1"},
		{name: "repeated parameter", header: wellFormed + ", Signature=1", code: incomplete,
			text: "Authorization header has an unknown or repeated parameter 'Signature'. Authorization=" + wellFormed + ", Signature=1"},
		{name: "short credential", header: strings.Replace(wellFormed, "/aws4_request", "", 1), code: incomplete,
			text: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260304/eu-central-1/cognito-idp'"},
		{name: "no key id", header: strings.Replace(wellFormed, "AKIDEXAMPLE", "", 1), code: incomplete,
			text: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '/20260304/eu-central-1/cognito-idp/aws4_request'"},
		{name: "names not sorted", header: names("x-amz-date;host"), code: incomplete, text: strings.Replace(badNames, "%s", "x-amz-date;host", 1)},
		{name: "name twice", header: names("host;host;x-amz-date"), code: incomplete, text: strings.Replace(badNames, "%s", "host;host;x-amz-date", 1)},
		{name: "upper-case name", header: names("Host;x-amz-date"), code: incomplete, text: strings.Replace(badNames, "%s", "Host;x-amz-date", 1)},
		{name: "empty name", header: names(";host"), code: incomplete, text: strings.Replace(badNames, "%s", ";host", 1)},
		{name: "too many names", header: names(strings.Repeat("a;", 64) + "b"), code: incomplete, text: "SignedHeaders has more than 64 names."},
		{name: "too long", header: wellFormed + strings.Repeat(" ", 8<<10), code: incomplete, text: "Authorization header is too long."},
		{name: "date with fraction", header: wellFormed, date: "20260304T120000.5Z", code: incomplete, text: strings.Replace(badDate, "%s", "20260304T120000.5Z", 1)},
		{name: "extended date", header: wellFormed, date: "2026-03-04T12:00:00Z", code: incomplete, text: strings.Replace(badDate, "%s", "2026-03-04T12:00:00Z", 1)},
		{name: "HTTP date in X-Amz-Date", header: wellFormed, date: "Wed, 04 Mar 2026 12:00:00 GMT", code: incomplete,
			text: strings.Replace(badDate, "%s", "Wed, 04 Mar 2026 12:00:00 GMT", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := map[string][]string{"X-Amz-Date": {"20260304T120000Z"}}
			switch tt.date {
			case "":
			case "-":
				delete(h, "X-Amz-Date")
			default:
				h["X-Amz-Date"] = []string{tt.date}
			}
			if tt.header != "-" {
				h["Authorization"] = []string{tt.header}
			}
			_, err := setup(t).verify(&iam.Request{
				Method: "POST", Host: "h", Path: "/", Header: h, Service: "cognito-idp",
			}, "")
			if tt.text == "" {
				tt.code, tt.text = awsapi.ErrInvalidSignature, mismatch
			}
			refused(t, err, tt.code, tt.text)
		})
	}
}

// SIGV4-003: without X-Amz-Date the Date header counts, in either of its forms.
func TestDateHeader(t *testing.T) {
	t.Parallel()
	for name, date := range map[string]string{"ISO 8601": "20260304T120000Z", "RFC 9110": "Wed, 04 Mar 2026 12:00:00 GMT"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			h := map[string][]string{
				"Date":          {date},
				"Authorization": {strings.Replace(wellFormed, "host;x-amz-date", "date;host", 1)},
			}
			r := &iam.Request{Method: "POST", Host: "h", Path: "/", Header: h, Service: "cognito-idp"}
			_, err := w.verify(r, "")
			refused(t, err, awsapi.ErrInvalidSignature, mismatch) // the date was understood
			w.now = noon.Add(time.Hour)
			_, err = w.verify(r, "")
			require.ErrorContains(t, err, "Signature expired: 20260304T120000Z")
			h["Date"] = []string{"Wed, 04 Mar 2026 12:00:00 CET"}
			_, err = w.verify(r, "")
			require.ErrorIs(t, err, awsapi.ErrIncompleteSignature)
		})
	}
}

// The header that a request is refused for may hold anything.
func FuzzAuthorization(f *testing.F) {
	for _, s := range []string{wellFormed, "Bearer x", "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;, Signature==", ",,=,", "AWS4- "} {
		f.Add(s, "20260304T120000Z", "/a/../b", "a=b&c")
	}
	keys, err := iam.NewStaticKeys(iam.AccessKey{ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account}})
	require.NoError(f, err)
	v, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: region, Now: func() time.Time { return noon }})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, header, date, path, query string) {
		r := &iam.Request{
			Method: "GET", Host: "h", Path: path, RawQuery: query, Service: "cognito-idp", Presigned: true,
			Header: map[string][]string{"Authorization": {header}, "X-Amz-Date": {date}},
		}
		p, err := v.Authenticate(t.Context(), r, bodyOf(""))
		if err == nil || p != nil {
			t.Fatalf("accepted %q", header)
		}
		if awsapi.AsError(err).Code == awsapi.ErrInternal {
			t.Fatalf("internal error for %q: %v", header, err)
		}
	})
}

func FuzzPresigned(f *testing.F) {
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Feu-central-1%2Fcognito-idp%2Faws4_request" +
		"&X-Amz-Date=20260304T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00")
	f.Add("X-Amz-Signature=%&X-Amz-Date")
	f.Add("&&=&%41")
	keys, err := iam.NewStaticKeys(iam.AccessKey{ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account}})
	require.NoError(f, err)
	v, err := iam.NewVerifier(iam.VerifierConfig{Keys: keys, Region: region, Now: func() time.Time { return noon }})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, query string) {
		r := &iam.Request{Method: "GET", Host: "h", Path: "/", RawQuery: query, Service: "cognito-idp", Presigned: true}
		if _, err := v.Authenticate(t.Context(), r, bodyOf("")); err == nil || awsapi.AsError(err).Code == awsapi.ErrInternal {
			t.Fatalf("%q: %v", query, err)
		}
	})
}
