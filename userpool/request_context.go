package userpool

import (
	"context"
	"net/netip"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// requestContext is what is believed of where a request comes from.
type requestContext struct {
	IP         netip.Addr // of the user; the zero Addr if nobody told
	UserAgent  string
	Device     string // a fingerprint that the client made; opaque (AUTH-565)
	ServerName string // of the application that signed the request
	ServerPath string
}

// requestOf returns the context of a request. A public request's address is the connection's; what UserContextData tells
// counts if the client has a secret and says so. A signed request tells in ContextData (AUTH-563).
func (s *Service) requestOf(ctx context.Context, client *clientRecord, user *UserContextDataType, signed *ContextDataType) (requestContext, error) {
	caller := awsapi.CallerFrom(ctx)
	about := requestContext{UserAgent: caller.UserAgent}
	told := ""
	switch {
	case signed != nil:
		about.Device, about.ServerName, about.ServerPath = signed.EncodedData, signed.ServerName, signed.ServerPath
		about.UserAgent, told = "", signed.IpAddress
		for _, h := range signed.HttpHeaders {
			if strings.EqualFold(h.HeaderName, "User-Agent") {
				about.UserAgent = h.HeaderValue
			}
		}
	case user != nil:
		about.Device = user.EncodedData
		if client.believesContext() {
			told = user.IpAddress
		}
	}
	if told == "" {
		if a, err := netip.ParseAddr(caller.SourceIP); err == nil && signed == nil {
			about.IP = a.Unmap()
		}
		return about, nil
	}
	a, err := netip.ParseAddr(told)
	if err != nil {
		return about, ErrInvalidParameter.New("Invalid IP address.")
	}
	about.IP = a.Unmap()
	return about, nil
}

// address returns the address of the user as text, or "".
func (r requestContext) address() string {
	if !r.IP.IsValid() {
		return ""
	}
	return r.IP.String()
}

// believesContext reports whether the client's requests tell the address of the user (AUTH-563).
func (c *clientRecord) believesContext() bool {
	return isTrue(c.Settings.EnablePropagateAdditionalUserContextData) && len(c.Secrets) > 0
}
