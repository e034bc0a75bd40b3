package iam

import (
	"strings"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	isoBasic   = "20060102T150405Z"

	// Foreign text that has to be sorted, encoded and echoed is bounded here, whatever the server's header limit is.
	maxAuthorization = 8 << 10
	maxQuery         = 16 << 10
	maxPath          = 8 << 10
	maxSignedHeaders = 64
)

// signature is what a request says about how it was signed.
type signature struct {
	credential credential
	headers    []string // names of the signed headers, lower-case and ascending
	mac        string   // as sent
	stamp      string   // the request's time in ISO 8601 basic form
	time       time.Time
	token      string
	presigned  bool
	expires    time.Duration // presigned only
}

// credential is the access key id and the scope that a signature names.
type credential struct{ keyID, date, region, service, terminator string }

// parseSignature reads the signature of a request from its header or its query (SIGV4-002, 023, 024, 040).
func parseSignature(r *Request) (*signature, error) {
	if len(r.RawQuery) > maxQuery || len(r.Path) > maxPath {
		return nil, awsapi.ErrIncompleteSignature.New("The request's path or query is too long to be signed.")
	}
	header := r.Header["Authorization"]
	inHeader := len(header) > 1 || len(header) == 1 && header[0] != ""
	inQuery := queryHasSignature(r.RawQuery)
	switch {
	case inHeader && inQuery:
		return nil, awsapi.ErrIncompleteSignature.New("Only one auth mechanism allowed: " +
			"either the Authorization header or the X-Amz-Signature query parameter.")
	case len(header) > 1:
		return nil, awsapi.ErrIncompleteSignature.New("Only one Authorization header is allowed.")
	case inHeader:
		return parseHeader(r, header[0])
	case inQuery && r.Presigned:
		return parsePresigned(r)
	}
	return nil, MissingToken()
}

// parseHeader reads the header form.
func parseHeader(r *Request, header string) (*signature, error) {
	if len(header) > maxAuthorization {
		return nil, awsapi.ErrIncompleteSignature.New("Authorization header is too long.")
	}
	p, err := splitAuthorization(header)
	if err != nil {
		return nil, err
	}
	date, dateName, err := dateOf(r)
	if err != nil {
		return nil, err
	}
	if lacks := p.missing(dateName == ""); lacks != "" {
		return nil, awsapi.ErrIncompleteSignature.New(lacks + "Authorization=" + header)
	}
	sig := &signature{mac: p.signature}
	if sig.credential, err = splitCredential(p.credential); err != nil {
		return nil, err
	}
	if sig.headers, err = splitSignedHeaders(p.signedHeaders); err != nil {
		return nil, err
	}
	if err := sig.setTime(date, dateName == "Date"); err != nil {
		return nil, err
	}
	tokens := r.Header["X-Amz-Security-Token"]
	if len(tokens) > 1 {
		return nil, onceOnly("X-Amz-Security-Token")
	}
	if len(tokens) == 1 {
		sig.token = tokens[0]
	}
	return sig, nil
}

// parameters are the three named parts of an Authorization header.
type parameters struct{ credential, signedHeaders, signature string }

// splitAuthorization takes an Authorization header apart. What is not SigV4 at all, such as a bare JWT, has none of the
// parts; missing words that refusal.
func splitAuthorization(header string) (parameters, error) {
	var p parameters
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		if strings.HasPrefix(scheme, "AWS4-") {
			return p, awsapi.ErrIncompleteSignature.Newf("Unsupported AWS 'algorithm': '%s'.", scheme)
		}
		return p, nil
	}
	for part := range strings.SplitSeq(rest, ",") {
		part = strings.Trim(part, " ")
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return p, awsapi.ErrIncompleteSignature.Newf(
				"'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.", part, header)
		}
		var field *string
		switch name {
		case "Credential":
			field = &p.credential
		case "SignedHeaders":
			field = &p.signedHeaders
		case "Signature":
			field = &p.signature
		}
		if field == nil || *field != "" {
			return p, awsapi.ErrIncompleteSignature.Newf(
				"Authorization header has an unknown or repeated parameter '%s'. Authorization=%s", name, header)
		}
		*field = value
	}
	return p, nil
}

// missing lists the absent parts, each as a sentence with a space behind it (SIGV4-041).
func (p parameters) missing(date bool) string {
	var b strings.Builder
	for _, part := range []struct{ name, value string }{
		{"Credential", p.credential}, {"Signature", p.signature}, {"SignedHeaders", p.signedHeaders},
	} {
		if part.value == "" {
			b.WriteString("Authorization header requires '" + part.name + "' parameter. ")
		}
	}
	if date {
		b.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	return b.String()
}

// splitCredential takes "AKID/YYYYMMDD/REGION/SERVICE/aws4_request" apart.
func splitCredential(s string) (credential, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 5 || parts[0] == "" {
		return credential{}, awsapi.ErrIncompleteSignature.Newf("Credential must have exactly 5 slash-delimited elements, "+
			"e.g. keyid/date/region/service/term, got '%s'", s)
	}
	return credential{parts[0], parts[1], parts[2], parts[3], parts[4]}, nil
}

// splitSignedHeaders takes "a;b;c" apart. The names are lower-case, ascending, and each is there once.
func splitSignedHeaders(s string) ([]string, error) {
	if strings.Count(s, ";") >= maxSignedHeaders {
		return nil, awsapi.ErrIncompleteSignature.Newf("SignedHeaders has more than %d names.", maxSignedHeaders)
	}
	names := strings.Split(s, ";")
	for i, name := range names {
		if !isHeaderName(name) || i > 0 && names[i-1] >= name {
			return nil, awsapi.ErrIncompleteSignature.Newf(
				"SignedHeaders must be lower-case header names in ascending order, each once, got '%s'", s)
		}
	}
	return names, nil
}

// isHeaderName reports whether s is a lower-case token of RFC 9110 section 5.6.2.
func isHeaderName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// dateOf returns the header that dates the request, X-Amz-Date before Date, and its name; both are empty if there is
// neither (SIGV4-003).
func dateOf(r *Request) (value, name string, err error) {
	for _, name := range []string{"X-Amz-Date", "Date"} {
		switch lines := r.Header[name]; {
		case len(lines) > 1:
			return "", "", onceOnly(name)
		case len(lines) == 1:
			return lines[0], name, nil
		}
	}
	return "", "", nil
}

// setTime parses the time of the request. The Date header may also have the form of RFC 9110 section 5.6.7.
func (s *signature) setTime(text string, httpDate bool) error {
	layout := isoBasic
	if httpDate && strings.HasSuffix(text, " GMT") {
		layout = time.RFC1123
	}
	t, err := time.Parse(layout, text)
	if err != nil || layout == isoBasic && len(text) != len(isoBasic) { // time.Parse lets fractions of seconds pass
		return awsapi.ErrIncompleteSignature.Newf("Date must be in ISO-8601 'basic format'. Got '%s'. "+
			"See http://en.wikipedia.org/wiki/ISO_8601", text)
	}
	s.time, s.stamp = t.UTC(), t.UTC().Format(isoBasic)
	return nil
}

func onceOnly(header string) error {
	return awsapi.ErrIncompleteSignature.Newf("Header '%s' must not be repeated.", header)
}
