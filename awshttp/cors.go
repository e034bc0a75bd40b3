package awshttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const exposedHeaders = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date" // ERR-005

// cors says which pages may read an answer: those of any origin ("*"), of one, or none ("").
type cors struct {
	allow string
	vary  bool
}

var anyOrigin = cors{allow: "*"}

func (c cors) write(header http.Header, set func(name, value string)) {
	if c.vary {
		header.Add("Vary", "Origin")
	}
	if c.allow != "" {
		set("Access-Control-Allow-Origin", c.allow)
		set("Access-Control-Expose-Headers", exposedHeaders)
	}
}

// corsFor returns the rule for a request, in development that for anything but a public operation.
func (h *Handler) corsFor(r *http.Request) cors {
	origin := r.Header.Get("Origin")
	switch {
	case h.dev != nil:
		c := cors{vary: true}
		if origin != "" && !h.dev.Foreign(r) {
			c.allow = origin
		}
		return c
	case h.origins == nil:
		return anyOrigin
	case h.origins[origin]:
		return cors{allow: origin, vary: true}
	}
	return cors{vary: true}
}

// signingHeaders are what only a signed request has.
var signingHeaders = map[string]bool{
	"authorization": true, "x-amz-date": true, "x-amz-security-token": true, "x-amz-content-sha256": true,
}

// preflight answers a browser's question whether it may send a request (ERR-005). In development a foreign page may only
// send what a public operation needs.
func (x *exchange) preflight() {
	header := x.w.Header()
	foreign := x.h.dev != nil && x.h.dev.Foreign(x.r)
	if foreign {
		x.cors = anyOrigin
	}
	if x.cors.allow != "" {
		header["Access-Control-Allow-Methods"] = []string{x.h.routes.methods}
		header["Access-Control-Allow-Headers"] = []string{allowHeaders(x.r, foreign)}
	}
	x.write(http.StatusOK, "text/plain", "", nil)
}

// allowHeaders returns the header names that the browser asks for, or "*" if it asks for none.
func allowHeaders(r *http.Request, foreign bool) string {
	var names []string
	for _, line := range r.Header["Access-Control-Request-Headers"] {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if isToken(name) && !(foreign && signingHeaders[name]) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 && !foreign {
		return "*"
	}
	return strings.Join(names, ",")
}

// isToken reports whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// originSet checks the origins of a Config. Nil stays nil.
func originSet(origins []string) (map[string]bool, error) {
	if origins == nil {
		return nil, nil
	}
	set := make(map[string]bool, len(origins))
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != o || strings.ToLower(o) != o {
			return nil, fmt.Errorf(`awshttp: Config.AllowOrigins: %q is not a lower-case origin such as "https://app.example.com"`, o)
		}
		set[o] = true
	}
	return set, nil
}
