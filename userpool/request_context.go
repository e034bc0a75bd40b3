package userpool

import (
	"context"
	"net/netip"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// requestContext is what is believed of where a request comes from: of the user, not of a server that speaks for him.
type requestContext struct {
	IP         netip.Addr // the zero Addr if nobody told
	UserAgent  string
	Device     string // a fingerprint that the client made; opaque (AUTH-565)
	ServerName string // of the application that signed the request
	ServerPath string
}

// requestOf returns the context of a request (AUTH-563). A signed one tells in ContextData; without, nobody knows: its connection is
// that of a server. A public request's address is the connection's, unless its client has a secret, which who sends it has to know,
// and is set to pass on what UserContextData tells. What counts has to be an address.
func (s *Service) requestOf(ctx context.Context, client *clientRecord, user *UserContextDataType, signed *ContextDataType) (requestContext, error) {
	var about requestContext
	told := ""
	switch caller := awsapi.CallerFrom(ctx); {
	case signed != nil:
		about.Device, about.ServerName, about.ServerPath = signed.EncodedData, signed.ServerName, signed.ServerPath
		for _, h := range signed.HttpHeaders {
			if strings.EqualFold(h.HeaderName, "User-Agent") {
				about.UserAgent = h.HeaderValue
			}
		}
		told = signed.IpAddress
	case caller.ARN == "":
		about.IP, about.UserAgent = knownAddress(caller.SourceIP), caller.UserAgent
	}
	if user != nil && signed == nil {
		about.Device = user.EncodedData
		if client != nil && client.believesContext() {
			told = user.IpAddress
		}
	}
	if told == "" && signed == nil {
		return about, nil
	}
	ip, ok := parseAddress(told)
	if !ok {
		return about, ErrInvalidParameter.New("Invalid IP address.") // AUTH-563 (unconfirmed text)
	}
	about.IP = ip
	return about, nil
}

// address returns the address of the user as text, or "".
func (r requestContext) address() string {
	if !r.IP.IsValid() {
		return ""
	}
	return r.IP.String()
}

// believesContext reports whether the client's requests tell the address of the user (AUTH-563, AUTH-564).
func (c *clientRecord) believesContext() bool {
	return isTrue(c.Settings.EnablePropagateAdditionalUserContextData) && len(c.Secrets) > 0
}

// parseAddress returns an IPv4 or IPv6 address. One of IPv4 in the form of IPv6 is one of IPv4; zones are of one machine only.
func parseAddress(text string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(text)
	return ip.Unmap(), err == nil && ip.Zone() == ""
}

// knownAddress is parseAddress for what may be absent.
func knownAddress(text string) netip.Addr {
	ip, ok := parseAddress(text)
	if !ok {
		return netip.Addr{}
	}
	return ip
}
