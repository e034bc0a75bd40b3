package awshttp

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// DevConfig configures a [DevGuard].
type DevConfig struct {
	// Regions whose AWS host names are answered to, such as cognito-idp.eu-central-1.amazonaws.com.
	Regions []string
	// AllowHosts are further names under which the server is reached, and whose pages may use it.
	AllowHosts []string
}

// DevGuard keeps web pages away from a server for development. Such a server takes any credentials, and a loopback address
// keeps no browser out: any page that its user visits could call it, or have a name of its own resolve to 127.0.0.1. The
// guard knows the hosts that the server is for, and tells the user's own pages from foreign ones.
type DevGuard struct {
	aws   map[string]bool
	local map[string]bool // beside localhost and the loopback addresses
}

// NewDevGuard returns a guard, or an error that names the field that is wrong.
func NewDevGuard(cfg DevConfig) (*DevGuard, error) {
	g := &DevGuard{aws: map[string]bool{}}
	for _, region := range cfg.Regions {
		if region == "" || strings.Contains(region, ".") || normalHost(region) != region {
			return nil, fmt.Errorf("awshttp: DevConfig.Regions: %q is not a region name", region)
		}
		for _, service := range []string{"cognito-idp", "cognito-identity", "cognito-sync", "sts"} {
			g.aws[service+"."+region+".amazonaws.com"] = true
		}
	}
	var err error
	g.local, err = hostSet("DevConfig.AllowHosts", cfg.AllowHosts)
	return g, err
}

// Known reports whether a Host header is one that the server answers to: localhost, a name below it, a loopback address,
// an AWS name of the regions, or an allowed host; with any port.
func (g *DevGuard) Known(host string) bool {
	name := normalHost(host)
	return g.aws[name] || g.isLocal(name)
}

func (g *DevGuard) isLocal(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || g.local[name] {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// Foreign reports whether a web page of somebody else sent the request: its Origin is not a local host (whatever the port,
// for a front end under development has another one), or the browser says that it is cross-site. Programs send neither
// header.
func (g *DevGuard) Foreign(r *http.Request) bool {
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site == "cross-site" {
			return true
		}
	}
	for _, origin := range r.Header["Origin"] {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !g.isLocal(normalHost(u.Host)) {
			return true
		}
	}
	return false
}

// Wrap guards a handler with the same rules: 421 for unknown hosts, 403 for foreign pages.
func (g *DevGuard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !g.Known(r.Host):
			http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
		case g.Foreign(r):
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

var errForeign = &awsapi.Error{
	Code: awsapi.ErrAccessDenied, Status: http.StatusForbidden,
	Message: "A page of another site must not call signed operations of a server for development.",
}
