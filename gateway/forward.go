package gateway

import (
	"maps"
	"net/http"
	"net/textproto"
	"strings"
	"unicode"

	"github.com/cenote-auth/cenote/token"
)

// forward sets the headers that the service behind believes, and sees to it that nobody else does.
type forward struct {
	set       map[string]func(*token.Claims) string // by canonical name
	ours      map[string]bool                       // their spellings
	dropToken bool
}

func newForward(set map[string]func(*token.Claims) string, dropToken bool) *forward {
	f := &forward{set: map[string]func(*token.Claims) string{}, ours: map[string]bool{}, dropToken: dropToken}
	for name, value := range set {
		f.set[textproto.CanonicalMIMEHeaderKey(name)] = value
		f.ours[spelling(name)] = true
	}
	return f
}

// spelling is one for all the ways to write a header's name that some server behind takes for the same: CGI and its heirs know
// hyphens and underscores as one.
func spelling(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// apply changes the headers of r, which shares them with another request until now. It reports false if a value cannot stand
// in a header.
func (f *forward) apply(r *http.Request, c *token.Claims) bool {
	if len(f.set) == 0 && !f.dropToken {
		return true
	}
	r.Header = r.Header.Clone()
	if f.dropToken {
		r.Header.Del("Authorization")
	}
	maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return f.ours[spelling(name)] })
	if len(f.set) > 0 {
		r.Trailer = nil // it is filled after us, while the body is read
		f.keep(r.Header)
	}
	for name, value := range f.set {
		v := value(c)
		if strings.ContainsFunc(v, unicode.IsControl) {
			return false
		}
		if v != "" {
			r.Header.Set(name, v)
		}
	}
	return true
}

// keep takes our names out of Connection: a proxy behind us would drop what is named there as meant for it alone.
func (f *forward) keep(h http.Header) {
	lines := h["Connection"]
	if len(lines) == 0 {
		return
	}
	var names []string
	for name := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if name = strings.TrimSpace(name); name != "" && !f.ours[spelling(name)] {
			names = append(names, name)
		}
	}
	h.Del("Connection")
	if len(names) > 0 {
		h.Set("Connection", strings.Join(names, ", "))
	}
}
