package awshttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/awshttp"
)

const dataset = "/identitypools/eu-central-1:25/identities/eu-central-1:7/datasets/settings"

// rest is a request of Cognito Sync, signed.
func rest(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, "http://cognito-sync.eu-central-1.amazonaws.com"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return sign(t, r, "cognito-sync", body)
}

// SYNC-001, SIGV4-011, SIGV4-012: members of the path, the query and the headers reach the service in the body.
func TestRestBinding(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, target, body, context string
		op, want                            string
	}{
		{"no members", "GET", "/identitypools", "", "", "ListIdentityPoolUsage", `{}`},
		{"query", "GET", "/identitypools?maxResults=5&nextToken=a%2Fb%22%0A", "", "", "ListIdentityPoolUsage",
			`{"NextToken":"a/b\"\u000a","MaxResults":5}`},
		{"negative number", "GET", "/identitypools?maxResults=-5", "", "", "ListIdentityPoolUsage", `{"MaxResults":-5}`},
		{"unknown query parameter", "GET", "/identitypools?x=1&x=2", "", "", "ListIdentityPoolUsage", `{}`},
		{"SIGV4-012 colon as it is", "GET", "/identitypools/eu-central-1:25", "", "", "DescribeIdentityPoolUsage", `{"IdentityPoolId":"eu-central-1:25"}`},
		{"SIGV4-011 colon escaped", "GET", "/identitypools/eu-central-1%3A25", "", "", "DescribeIdentityPoolUsage", `{"IdentityPoolId":"eu-central-1:25"}`},
		{"SYNC-001 decoded once", "GET", "/identitypools/eu%253A25", "", "", "DescribeIdentityPoolUsage", `{"IdentityPoolId":"eu%3A25"}`},
		{"slash inside a member", "GET", "/identitypools/a%2Fevents", "", "", "DescribeIdentityPoolUsage", `{"IdentityPoolId":"a/events"}`},
		{"path and query", "GET", dataset + "/records?maxResults=1", "", "", "ListRecords",
			`{"IdentityPoolId":"eu-central-1:25","IdentityId":"eu-central-1:7","DatasetName":"settings","MaxResults":1}`},
		{"DELETE", "DELETE", dataset, "", "", "DeleteDataset",
			`{"IdentityPoolId":"eu-central-1:25","IdentityId":"eu-central-1:7","DatasetName":"settings"}`},
		{"body and header", "POST", dataset, ` { "SyncSessionToken" : "t", "RecordPatches":[{"DatasetName":"inner"}] } `, "ctx", "UpdateRecords",
			`{"IdentityPoolId":"eu-central-1:25","IdentityId":"eu-central-1:7","DatasetName":"settings","ClientContext":"ctx","SyncSessionToken" : "t", "RecordPatches":[{"DatasetName":"inner"}] } `},
		{"empty object", "POST", dataset, "{ }", "", "UpdateRecords",
			`{"IdentityPoolId":"eu-central-1:25","IdentityId":"eu-central-1:7","DatasetName":"settings"}`},
		{"no body", "POST", dataset, "", "", "UpdateRecords",
			`{"IdentityPoolId":"eu-central-1:25","IdentityId":"eu-central-1:7","DatasetName":"settings"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := setup(t, nil), rest(t, tt.method, tt.target, tt.body)
			if tt.context != "" {
				r.Header.Set("X-Amz-Client-Context", tt.context)
			}
			res := w.do(r)
			answer(t, res, 200, tt.want)
			require.Equal(t, "application/json", res.Header.Get("Content-Type"))
			require.Equal(t, tt.op, w.sync.served()[0].op)
			require.True(t, json.Valid([]byte(w.sync.served()[0].body)))
		})
	}
}

// SIGV4-049, SYNC-004: errors of Sync have a status of their own and no type in the body.
func TestRestErrors(t *testing.T) {
	t.Parallel()
	unsigned := func(r *http.Request) *http.Request { r.Header.Del("Authorization"); return r }
	serialization := func(message string) (int, string, string) {
		return 400, "SerializationException:", `{"message":"` + message + `"}`
	}
	tests := []struct {
		name    string
		request func(t *testing.T) *http.Request
		want    func() (int, string, string)
	}{
		{"SIGV4-040 unsigned", func(t *testing.T) *http.Request { return unsigned(rest(t, "GET", "/identitypools", "")) },
			func() (int, string, string) {
				return 403, "MissingAuthenticationTokenException:", `{"message":"Missing Authentication Token"}`
			}},
		{"bound member in the body", func(t *testing.T) *http.Request { return rest(t, "POST", dataset, `{"a":"\"","DatasetName":"other"}`) },
			func() (int, string, string) { return serialization("Member DatasetName must not be in the body.") }},
		{"escaped bound member in the body", func(t *testing.T) *http.Request {
			return rest(t, "POST", dataset, `{"a":{"b":[1,{}]},"\u0044atasetName":"other"}`)
		}, func() (int, string, string) { return serialization("Member DatasetName must not be in the body.") }},
		{"absent header member in the body", func(t *testing.T) *http.Request { return rest(t, "POST", dataset, `{"ClientContext":"x"}`) },
			func() (int, string, string) { return serialization("Member ClientContext must not be in the body.") }},
		{"array", func(t *testing.T) *http.Request { return rest(t, "POST", dataset, `[]`) },
			func() (int, string, string) { return serialization("The body is not a JSON object.") }},
		{"cut off", func(t *testing.T) *http.Request { return rest(t, "POST", dataset, `{"a":"b`) },
			func() (int, string, string) { return serialization("The body is not a JSON object.") }},
		{"not a number", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools?maxResults=5,%22x%22:1", "") },
			func() (int, string, string) { return serialization("Member MaxResults of the request is malformed.") }},
		{"empty number", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools?maxResults=", "") },
			func() (int, string, string) { return serialization("Member MaxResults of the request is malformed.") }},
		{"leading zero", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools?maxResults=05", "") },
			func() (int, string, string) { return serialization("Member MaxResults of the request is malformed.") }},
		{"parameter twice", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools?nextToken=a&nextToken=b", "") },
			func() (int, string, string) { return serialization("Member NextToken of the request is malformed.") }},
		{"bad UTF-8", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools?nextToken=%ff", "") },
			func() (int, string, string) { return serialization("Member NextToken of the request is malformed.") }},
		{"bad UTF-8 in the path", func(t *testing.T) *http.Request { return rest(t, "GET", "/identitypools/%ff", "") },
			func() (int, string, string) {
				return serialization("Member IdentityPoolId of the request is malformed.")
			}},
		{"header twice", func(t *testing.T) *http.Request {
			r := rest(t, "POST", dataset, `{}`)
			r.Header["X-Amz-Client-Context"] = []string{"a", "b"}
			return r
		}, func() (int, string, string) {
			return serialization("Member ClientContext of the request is malformed.")
		}},
		{"media type", func(t *testing.T) *http.Request {
			r := rest(t, "POST", dataset, `{}`)
			r.Header.Set("Content-Type", "text/plain")
			return r
		}, func() (int, string, string) { return 415, "UnsupportedMediaTypeException:", `{"message":""}` }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, nil)
			res := w.do(tt.request(t))
			status, code, body := tt.want()
			answer(t, res, status, body)
			require.Equal(t, code, res.Header.Get("X-Amzn-ErrorType"))
			require.Equal(t, "application/json", res.Header.Get("Content-Type"))
			require.Empty(t, w.sync.served())
		})
	}
}

// SYNC-004, IAM-090: the statuses.
func TestRestStatuses(t *testing.T) {
	t.Parallel()
	for code, status := range map[awsapi.Code]int{
		"InvalidParameterException": 400, "LimitExceededException": 400, "NotAuthorizedException": 403, "ResourceNotFoundException": 404,
		"ResourceConflictException": 409, "TooManyRequestsException": 429, "LambdaThrottledException": 429, "InternalErrorException": 500,
		"AccessDeniedException": 403, "ExpiredTokenException": 403,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(c *awshttp.Config) { c.Authorizer = refuses{code.New("m")} })
			answer(t, w.do(rest(t, "GET", "/identitypools", "")), status, `{"message":"m"}`)
		})
	}
}

// Paths that are not exactly those of a template reach nothing.
func TestRestPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/", "/identitypools/", "//identitypools", "/identitypools//", "/x/identitypools", "/Identitypools", "/%69dentitypools",
		"/identitypools/a/", "/identitypools/./", "/identitypools/../identitypools", "/identitypools/.", "/identitypools/..",
		"/identitypools/%2e%2e", "/identitypools/%2E", "/identitypools/a/events", "/identitypools/a/../b",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := setup(t, nil)
			r := httptest.NewRequest("GET", "http://h"+path, nil)
			answer(t, w.do(sign(t, r, "cognito-sync", "")), 404, "<UnknownOperationException/>\n")
		})
	}
}

// SIGV4-023, C9: the presigned form is good for GET of Sync, and for nothing else.
func TestC9_PresignedOnlyForGet(t *testing.T) {
	t.Parallel()
	const query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Feu-central-1%2Fcognito-sync%2Faws4_request" +
		"&X-Amz-Date=20260304T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
	w := setup(t, nil)
	require.Equal(t, "InvalidSignatureException:", w.do(httptest.NewRequest("GET", "/identitypools"+query, nil)).Header.Get("X-Amzn-ErrorType"))
	require.Equal(t, "MissingAuthenticationTokenException:", w.do(httptest.NewRequest("DELETE", dataset+query, nil)).Header.Get("X-Amzn-ErrorType"))
	r := post(idp+"AdminGetUser", "{}")
	r.URL.RawQuery, r.RequestURI = query[1:], "/"+query
	require.Equal(t, "MissingAuthenticationTokenException:", w.do(r).Header.Get("X-Amzn-ErrorType"))
}

// Whatever the body and the query are, the merged body is a JSON object that has the bound members once, or the request is
// refused before the service sees anything that is not JSON.
func FuzzBind(f *testing.F) {
	for _, body := range []string{`{}`, `{"a":{"b":["}",{}]},"c":"\\"}`, `{"DatasetName":1}`, `{"\u0044atasetName":1}`, `{"a":1,}`, `[`, `{"a":]`, "\x00", `{"a" 1}`} {
		f.Add(body, "maxResults=5&nextToken=%22", "name")
	}
	f.Fuzz(func(t *testing.T, body, query, context string) {
		w := setup(t, func(c *awshttp.Config) { c.Authenticator = answers{p: principal} })
		r := httptest.NewRequest("POST", dataset, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header["X-Amz-Client-Context"] = []string{context}
		r.URL.RawQuery = query
		w.do(r)
		var given map[string]any
		valid := json.Unmarshal([]byte(body), &given) == nil && given != nil
		for _, c := range w.sync.served() {
			var in map[string]any
			require.NoError(t, json.Unmarshal([]byte(c.body), &in))
			require.Equal(t, "settings", in["DatasetName"])
			require.NotContains(t, given, "DatasetName")
			require.True(t, valid || strings.TrimSpace(body) == "", "%q became %q", body, c.body)
			require.Len(t, in, len(given)+4)
		}
	})
}
