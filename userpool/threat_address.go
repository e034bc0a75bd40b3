package userpool

import (
	"net/netip"
	"slices"
)

var errSecurity = ErrNotAuthorized.New("Unable to login because of security reasons.") // AUTH-560

// parseRange returns a range in CIDR notation. One of IPv4 in the form of IPv6 is one of IPv4, as addresses are.
func parseRange(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, false
	}
	if p.Addr().Is4In6() {
		const mapped = 96
		if p.Bits() < mapped {
			return p, true // an IPv6 range that holds other addresses
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p, true
}

// within reports whether an address is in one of the ranges; one that nobody knows is in none.
func within(ip netip.Addr, ranges []string) bool {
	return ip.IsValid() && slices.ContainsFunc(ranges, func(text string) bool {
		p, ok := parseRange(text)
		return ok && p.Contains(ip)
	})
}

// exceptions reports what the lists of a risk configuration say of an address; what is skipped is not blocked (AUTH-562).
func (r *RiskConfigurationType) exceptions(ip netip.Addr) (blocked, skipped bool) {
	e := r.RiskExceptionConfiguration
	if e == nil {
		return false, false
	}
	skipped = within(ip, e.SkippedIPRangeList)
	return !skipped && within(ip, e.BlockedIPRangeList), skipped
}
