package iam

import (
	"strconv"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

// maxExpires is the longest life of a presigned request, a week (SIGV4-023).
const maxExpires = 7 * 24 * time.Hour

// signatureParameters are the query parameters that make a request a presigned one. X-Amz-Security-Token and X-Amz-Date
// alone do not sign anything, but nobody who signs in the header sends them.
var signatureParameters = [...]string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Signature",
}

// queryHasSignature reports whether the query has any parameter of a presigned request, in whatever case and escaped or
// not: its answer is used to refuse, so it errs on that side.
func queryHasSignature(rawQuery string) bool {
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if len(name) < len("X-Amz-Date") {
			continue
		}
		name, _ = unescapeQuery(name)
		for _, p := range signatureParameters {
			if strings.EqualFold(name, p) {
				return true
			}
		}
	}
	return false
}

// parsePresigned reads the query form (SIGV4-023).
func parsePresigned(r *Request) (*signature, error) {
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token"} {
		if len(r.Header[name]) > 0 {
			return nil, awsapi.ErrIncompleteSignature.Newf("'%s' must not be in both the query and the headers.", name)
		}
	}
	values, err := presignedValues(r.RawQuery)
	if err != nil {
		return nil, err
	}
	for _, name := range signatureParameters {
		if values[name] == "" && name != "X-Amz-Security-Token" {
			return nil, awsapi.ErrIncompleteSignature.Newf("AWS query-string parameters must include '%s'. "+
				"Re-examine the query-string parameters.", name)
		}
	}
	if a := values["X-Amz-Algorithm"]; a != algorithm {
		return nil, awsapi.ErrIncompleteSignature.Newf("Unsupported AWS 'algorithm': '%s'.", a)
	}
	sig := &signature{mac: values["X-Amz-Signature"], token: values["X-Amz-Security-Token"], presigned: true}
	if sig.credential, err = splitCredential(values["X-Amz-Credential"]); err != nil {
		return nil, err
	}
	if sig.headers, err = splitSignedHeaders(values["X-Amz-SignedHeaders"]); err != nil {
		return nil, err
	}
	if err := sig.setTime(values["X-Amz-Date"], false); err != nil {
		return nil, err
	}
	seconds, err := strconv.ParseUint(values["X-Amz-Expires"], 10, 32)
	sig.expires = time.Duration(seconds) * time.Second
	if err != nil || seconds == 0 || sig.expires > maxExpires {
		return nil, awsapi.ErrIncompleteSignature.Newf("X-Amz-Expires must be a number of seconds from 1 to %d.",
			maxExpires/time.Second)
	}
	return sig, nil
}

// presignedValues returns the parameters of a presigned request by their exact names, each at most once.
func presignedValues(rawQuery string) (map[string]string, error) {
	values := make(map[string]string, len(signatureParameters))
	for pair := range strings.SplitSeq(rawQuery, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, ok1 := unescapeQuery(rawName)
		value, ok2 := unescapeQuery(rawValue)
		if !ok1 || !ok2 {
			return nil, awsapi.ErrIncompleteSignature.New("The query has an invalid percent-encoding.")
		}
		if _, twice := values[name]; twice && strings.HasPrefix(name, "X-Amz-") {
			return nil, awsapi.ErrIncompleteSignature.Newf("Query parameter '%s' must not be repeated.", name)
		}
		values[name] = value
	}
	return values, nil
}
