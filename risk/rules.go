package risk

import (
	"context"
	"time"
)

// Rules is an Assessor that adds up points. The zero value finds no risk.
type Rules struct {
	Rules             []Rule
	Low, Medium, High int // points from which on a level is reached; 0 is never
}

// Rule is something that can be said of a sign-in, and how much it weighs. Negative points speak for the user.
type Rule struct {
	Name   string
	Points int
	Holds  func(a Attempt) bool
}

// Default returns the rules by which user pools assess unless Config says otherwise. Whoever signs in for the first time has no
// past to differ from: of him only failures before the right password tell. What is not known (no user agent, no Locator)
// speaks neither for nor against anybody.
func Default() Rules {
	return Rules{
		Low: 25, Medium: 50, High: 80,
		Rules: []Rule{
			// Something that the user never did before. One new thing is little, together they are much.
			{"new device", 25, newDevice},
			{"new network", 5, newNetwork},
			{"new city", 10, newCity},
			{"new country", 30, newCountry},

			// Faster than anybody travels, from the last sign-in that succeeded.
			{"impossible travel", 60, fasterThan(900, 300)}, // km/h; nearer than 300 km is the error of a table of addresses

			// Somebody tried before.
			{"failures before", 20, failures(3, time.Hour)},
			{"many failures before", 25, failures(8, time.Hour)},
			{"many sign-ins in a short time", 25, velocity(10, 10*time.Minute)},

			// What was said of sessions like this one (AUTH-572). A sign-in that was let in without more, and that nobody called
			// invalid, speaks for the next one by making its device and place known ones.
			{"called invalid before", 70, judged(Invalid)},
			{"called valid before", -50, judged(Valid)},
		},
	}
}

// Assess adds up the points of the rules that hold.
func (r Rules) Assess(_ context.Context, a Attempt) (Assessment, error) {
	points := 0
	var out Assessment
	for _, rule := range r.Rules {
		if rule.Holds(a) {
			points += rule.Points
			out.Reasons = append(out.Reasons, rule.Name)
		}
	}
	for _, step := range []struct {
		level Level
		from  int
	}{{Low, r.Low}, {Medium, r.Medium}, {High, r.High}} {
		if step.from > 0 && points >= step.from {
			out.Level = step.level
		}
	}
	return out, nil
}
