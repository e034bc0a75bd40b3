package risk

import (
	"math"
	"net/netip"
	"slices"
	"time"
)

const signIn, signUp = "SignIn", "SignUp"

// own are the events that count as the user's: he got in, and nobody said that it was somebody else.
func (a Attempt) own() []Event {
	var out []Event
	for _, e := range a.History {
		if (e.Kind == signIn || e.Kind == signUp) && e.Outcome == Passed && e.Feedback != Invalid {
			out = append(out, e)
		}
	}
	return out
}

// isNew reports whether the attempt has a value that no event of the user has. Where either side is unknown, nothing is new.
func isNew[T comparable](a Attempt, of func(Event) T) bool {
	var unknown T
	now := of(a.Event)
	if now == unknown {
		return false
	}
	known := false
	for _, e := range a.own() {
		switch of(e) {
		case now:
			return false
		case unknown:
		default:
			known = true
		}
	}
	return known
}

func newDevice(a Attempt) bool  { return isNew(a, func(e Event) string { return e.Device }) }
func newNetwork(a Attempt) bool { return isNew(a, Event.network) }
func newCountry(a Attempt) bool { return isNew(a, func(e Event) string { return e.Place.Country }) }
func newCity(a Attempt) bool {
	type city struct{ country, city string }
	return isNew(a, func(e Event) city {
		if e.Place.City == "" {
			return city{}
		}
		return city{e.Place.Country, e.Place.City}
	})
}

// network is the neighbourhood of an address, which a provider deals out from: 256 addresses, or a site of IPv6.
func (e Event) network() netip.Prefix {
	bits := 24
	if e.IP.Is6() {
		bits = 48
	}
	p, err := e.IP.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// fasterThan reports whether the way from the last place where the user got in was covered at more than speed (km/h), if it is
// longer than slack (km).
func fasterThan(speed, slack float64) func(Attempt) bool {
	return func(a Attempt) bool {
		own := a.own()
		i := slices.IndexFunc(own, func(e Event) bool { return e.Place.Located })
		if i < 0 || !a.Place.Located {
			return false
		}
		way := distance(own[i].Place, a.Place)
		return way > slack && way > speed*a.At.Sub(own[i].At).Hours()
	}
}

// distance is the way over the globe in kilometres, by the haversine formula.
func distance(a, b Place) float64 {
	const radius, degree = 6371, math.Pi / 180
	north, east := (b.Latitude-a.Latitude)*degree, (b.Longitude-a.Longitude)*degree
	h := math.Pow(math.Sin(north/2), 2) + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*math.Pow(math.Sin(east/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(min(h, 1)))
}

// failures reports whether there were n failed sign-ins within the time.
func failures(n int, within time.Duration) func(Attempt) bool {
	return func(a Attempt) bool {
		return a.count(within, func(e Event) bool { return e.Kind == signIn && e.Outcome == Failed }) >= n
	}
}

// velocity reports whether there were n sign-ins within the time, however they ended.
func velocity(n int, within time.Duration) func(Attempt) bool {
	return func(a Attempt) bool { return a.count(within, func(e Event) bool { return e.Kind == signIn }) >= n }
}

func (a Attempt) count(within time.Duration, of func(Event) bool) int {
	n := 0
	for _, e := range a.History {
		if a.At.Sub(e.At) < within && of(e) {
			n++
		}
	}
	return n
}

// judged reports whether the latest event like this one that somebody judged was judged so.
func judged(as Feedback) func(Attempt) bool {
	return func(a Attempt) bool {
		i := slices.IndexFunc(a.History, func(e Event) bool { return e.Feedback != NoFeedback && alike(e, a.Event) })
		return i >= 0 && a.History[i].Feedback == as
	}
}

// alike reports whether two events may come from the same hands: from one network, or with one device in one city.
func alike(a, b Event) bool {
	if n := a.network(); n.IsValid() && n == b.network() {
		return true
	}
	return a.Device != "" && a.Device == b.Device && a.Place.City != "" && a.Place.City == b.Place.City &&
		a.Place.Country == b.Place.Country
}
