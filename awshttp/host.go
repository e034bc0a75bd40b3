package awshttp

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// knowsHost reports whether a Host header names this handler.
func (h *Handler) knowsHost(host string) bool {
	switch {
	case h.dev != nil:
		return h.dev.Known(host)
	case h.hosts == nil:
		return true
	}
	return h.hosts[normalHost(host)]
}

// normalHost returns a host in lower case without port, brackets and trailing dot, or "" for what is no host.
func normalHost(host string) string {
	name := host
	if rest, ok := strings.CutPrefix(host, "["); ok {
		literal, port, ok := strings.Cut(rest, "]")
		if addr, err := netip.ParseAddr(literal); !ok || err != nil || !addr.Is6() || port != "" && !isPort(port) {
			return ""
		}
		return strings.ToLower(literal)
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if !isPort(host[i:]) {
			return ""
		}
		name = host[:i]
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return ""
		}
	}
	return name
}

// isPort reports whether s is a colon with at most five digits, as a Host header has it.
func isPort(s string) bool {
	if s == "" || s[0] != ':' || len(s) > 6 {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// hostSet normalises the hosts of a configuration. Nil stays nil.
func hostSet(field string, hosts []string) (map[string]bool, error) {
	if hosts == nil {
		return nil, nil
	}
	set := make(map[string]bool, len(hosts))
	for _, host := range hosts {
		name := normalHost(host)
		if name == "" {
			return nil, fmt.Errorf("awshttp: %s: %q is not a host name", field, host)
		}
		set[name] = true
	}
	return set, nil
}

// clientAddress returns the address of the client: the connection's, or what trusted proxies say about it. The entries of
// X-Forwarded-For are believed from the right for as long as those who wrote them are trusted.
func (h *Handler) clientAddress(r *http.Request) netip.Addr {
	addr := parseAddress(r.RemoteAddr)
	if !h.trusts(addr) {
		return addr
	}
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		line := lines[i]
		for line != "" {
			entry := line
			if comma := strings.LastIndexByte(line, ','); comma >= 0 {
				line, entry = line[:comma], line[comma+1:]
			} else {
				line = ""
			}
			next := parseAddress(strings.TrimSpace(entry))
			if !next.IsValid() {
				return addr
			}
			if addr = next; !h.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

func (h *Handler) trusts(addr netip.Addr) bool {
	for _, p := range h.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// parseAddress reads an address with or without a port. The zero Addr stands for what is none.
func parseAddress(s string) netip.Addr {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}
