package risk_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
)

var noon = time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)

var (
	berlin = risk.Place{Country: "Germany", City: "Berlin", Latitude: 52.5, Longitude: 13.4, Located: true}
	munich = risk.Place{Country: "Germany", City: "Munich", Latitude: 48.1, Longitude: 11.6, Located: true}
	sydney = risk.Place{Country: "Australia", City: "Sydney", Latitude: -33.9, Longitude: 151.2, Located: true}
)

// at is a sign-in that passed, so long before noon.
func at(before time.Duration, ip, device string, p risk.Place) risk.Event {
	e := risk.Event{Kind: "SignIn", At: noon.Add(-before), Device: device, Place: p, Outcome: risk.Passed}
	if ip != "" {
		e.IP = netip.MustParseAddr(ip)
	}
	return e
}

func as(e risk.Event, o risk.Outcome, f risk.Feedback) risk.Event {
	e.Outcome, e.Feedback = o, f
	return e
}

func repeated(n int, e risk.Event) []risk.Event { return slices.Repeat([]risk.Event{e}, n) }

// What the default rules make of sign-ins (AUTH-566, AUTH-572).
func TestDefault(t *testing.T) {
	t.Parallel()
	home := at(24*time.Hour, "192.0.2.1", "Firefox / Linux", berlin)
	now := func(ip, device string, p risk.Place) risk.Event { return at(0, ip, device, p) }
	failed := as(at(time.Minute, "203.0.113.9", "Chrome / Windows", sydney), risk.Failed, risk.NoFeedback)
	for _, tt := range []struct {
		name    string
		event   risk.Event
		history []risk.Event
		want    risk.Level
		reasons []string
	}{
		{"the first sign-in is no risk by itself", now("192.0.2.1", "Firefox / Linux", berlin), nil, risk.None, nil},
		{"the same again", now("192.0.2.1", "Firefox / Linux", berlin), []risk.Event{home}, risk.None, nil},
		{"another address of the network", now("192.0.2.77", "Firefox / Linux", berlin), []risk.Event{home}, risk.None, nil},
		{"the device of the sign-up", now("192.0.2.1", "Firefox / Linux", berlin),
			[]risk.Event{{Kind: "SignUp", Outcome: risk.Passed, Device: "Firefox / Linux", IP: home.IP}}, risk.None, nil},
		{"another device", now("192.0.2.1", "Chrome / Windows", berlin), []risk.Event{home}, risk.Low, []string{"new device"}},
		{"another city", now("198.51.100.1", "Firefox / Linux", munich), []risk.Event{home}, risk.None, []string{"new network", "new city"}},
		{"another country by plane", now("198.51.100.1", "Firefox / Linux", sydney), []risk.Event{home},
			risk.Low, []string{"new network", "new city", "new country"}},
		{"another country and device", now("198.51.100.1", "Chrome / Windows", sydney), []risk.Event{home},
			risk.Medium, []string{"new device", "new network", "new city", "new country"}},
		{"impossible travel", now("198.51.100.1", "Firefox / Linux", sydney), []risk.Event{at(time.Hour, "192.0.2.1", "Firefox / Linux", berlin)},
			risk.High, []string{"new network", "new city", "new country", "impossible travel"}},
		{"no travel without coordinates", now("198.51.100.1", "Firefox / Linux", risk.Place{Country: "Germany", City: "Berlin"}),
			[]risk.Event{at(time.Minute, "192.0.2.1", "Firefox / Linux", berlin)}, risk.None, []string{"new network"}},
		{"an hour to Munich", now("192.0.2.1", "Firefox / Linux", munich), []risk.Event{at(time.Hour, "192.0.2.1", "Firefox / Linux", berlin), at(2*time.Hour, "192.0.2.1", "Firefox / Linux", munich)},
			risk.None, nil},
		{"a site of IPv6", now("2001:db8:1:2::3", "Firefox / Linux", risk.Place{}), []risk.Event{at(time.Hour, "2001:db8:1::1", "Firefox / Linux", risk.Place{})}, risk.None, nil},
		{"another site of IPv6", now("2001:db8:2::3", "Firefox / Linux", risk.Place{}), []risk.Event{at(time.Hour, "2001:db8:1::1", "Firefox / Linux", risk.Place{})},
			risk.None, []string{"new network"}},
		{"nothing known", now("", "", risk.Place{}), []risk.Event{home}, risk.None, nil},
		{"nothing known of the past", now("192.0.2.1", "Chrome / Windows", berlin), []risk.Event{at(time.Hour, "", "", risk.Place{})}, risk.None, nil},
		{"failures before the first sign-in", now("192.0.2.1", "Firefox / Linux", berlin), repeated(3, failed), risk.None, []string{"failures before"}},
		{"many failures before the first sign-in", now("192.0.2.1", "Firefox / Linux", berlin), repeated(8, failed),
			risk.Low, []string{"failures before", "many failures before"}},
		{"failures long ago", now("192.0.2.1", "Firefox / Linux", berlin),
			repeated(8, as(at(2*time.Hour, "", "", risk.Place{}), risk.Failed, risk.NoFeedback)), risk.None, nil},
		{"failures make no device known", now("203.0.113.9", "Chrome / Windows", sydney), append(repeated(8, failed), home),
			risk.High, []string{"new device", "new network", "new city", "new country", "failures before", "many failures before"}},
		{"many sign-ins", now("192.0.2.1", "Firefox / Linux", berlin), repeated(10, at(time.Minute, "192.0.2.1", "Firefox / Linux", berlin)),
			risk.Low, []string{"many sign-ins in a short time"}},
		{"AUTH-572 let in and not objected to", now("203.0.113.9", "Chrome / Windows", sydney),
			[]risk.Event{at(time.Hour, "203.0.113.9", "Chrome / Windows", sydney), home}, risk.None, nil},
		{"AUTH-572 called invalid", now("203.0.113.9", "Chrome / Windows", sydney),
			[]risk.Event{as(at(time.Hour, "203.0.113.9", "Chrome / Windows", sydney), risk.Passed, risk.Invalid), home},
			risk.High, []string{"new device", "new network", "new city", "new country", "called invalid before"}},
		{"AUTH-572 called valid", now("203.0.113.9", "Chrome / Windows", sydney),
			[]risk.Event{as(at(30*time.Hour, "203.0.113.9", "Chrome / Windows", sydney), risk.Unfinished, risk.Valid), home},
			risk.None, []string{"new device", "new network", "new city", "new country", "called valid before"}},
		{"the latest feedback counts", now("203.0.113.9", "Firefox / Linux", berlin), []risk.Event{
			as(at(time.Hour, "203.0.113.9", "", risk.Place{}), risk.Passed, risk.Valid),
			as(at(2*time.Hour, "203.0.113.9", "", risk.Place{}), risk.Passed, risk.Invalid), home,
		}, risk.None, []string{"called valid before"}},
		{"feedback on others", now("192.0.2.1", "Firefox / Linux", berlin),
			[]risk.Event{as(at(time.Hour, "203.0.113.9", "Firefox / Linux", sydney), risk.Passed, risk.Invalid), home}, risk.None, nil},
		{"one device in one city is alike", now("198.51.100.1", "Firefox / Linux", berlin),
			[]risk.Event{as(at(time.Hour, "203.0.113.9", "Firefox / Linux", berlin), risk.Failed, risk.Invalid), home},
			risk.Medium, []string{"new network", "called invalid before"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := risk.Default().Assess(t.Context(), risk.Attempt{Event: tt.event, History: tt.history})
			if err != nil || got.Level != tt.want || !slices.Equal(got.Reasons, tt.reasons) {
				t.Errorf("got %v because of %q (%v), want %v because of %q", got.Level, got.Reasons, err, tt.want, tt.reasons)
			}
		})
	}
}

func TestRulesZeroValue(t *testing.T) {
	t.Parallel()
	if got, err := (risk.Rules{}).Assess(t.Context(), risk.Attempt{}); err != nil || got.Level != risk.None {
		t.Errorf("got %v, %v", got, err)
	}
	for l, want := range map[risk.Level]string{risk.None: "none", risk.Low: "low", risk.Medium: "medium", risk.High: "high"} {
		if l.String() != want {
			t.Errorf("got %q, want %q", l.String(), want)
		}
	}
}
