package userpool_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/userpool"
)

func byCategory(c *userpool.Config) { c.RateCategories = true }

func definition(category string) *userpool.LimitDefinitionType {
	return &userpool.LimitDefinitionType{LimitClass: userpool.LimitClassApiCategory, Attributes: map[string]string{"Category": category}}
}

func (b *bench) provisioned(category string) (*userpool.LimitType, error) {
	out, err := b.GetProvisionedLimit(b.t.Context(), &userpool.GetProvisionedLimitInput{LimitDefinition: definition(category)})
	if err != nil {
		return nil, err
	}
	return out.Limit, nil
}

func (b *bench) provision(category string, value int32) (*userpool.LimitType, error) {
	out, err := b.UpdateProvisionedLimit(b.t.Context(), &userpool.UpdateProvisionedLimitInput{LimitDefinition: definition(category), RequestedLimitValue: value})
	if err != nil {
		return nil, err
	}
	return out.Limit, nil
}

// NEW-281, NEW-282, NEW-283, NEW-284, NEW-285, NEW-377, NEW-378, QUO-001: the categories of the specification with their free rates,
// which of them can be raised, how far, and in which order the faults are told.
func TestProvisionedLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, byCategory)
	text, err := os.ReadFile("../docs/spec/userpool-admin.md")
	check(t, err)
	rows := regexp.MustCompile(`(?m)^\| ([A-Za-z]+) \| (\d+)(?: \*)? \| (yes|no) \|`).FindAllStringSubmatch(string(text), -1)
	if len(rows) != 17 {
		t.Fatalf("the specification has %d categories", len(rows))
	}
	for _, row := range rows {
		b.clock.Advance(time.Second) // these operations have a rate themselves
		name, adjustable := row[1], row[3] == "yes"
		n, err := strconv.Atoi(row[2])
		check(t, err)
		free := int32(n)
		got, err := b.provisioned(name)
		if !adjustable {
			refused(t, err, userpool.ErrResourceNotFound, "")
			_, err = b.provision(name, free-1)
			refused(t, err, userpool.ErrResourceNotFound, "")
			continue
		}
		is := func(got *userpool.LimitType, err error, value int32) {
			t.Helper()
			check(t, err)
			if got.FreeLimitValue != free || got.ProvisionedLimitValue != value || got.LimitDefinition.Attributes["Category"] != name {
				t.Errorf("%s is %+v, want %d", name, got, value)
			}
		}
		is(got, err, free)
		for value, code := range map[int32]error{free - 1: userpool.ErrInvalidParameter, 0: userpool.ErrInvalidParameter, 10*free + 1: userpool.ErrServiceQuotaExceeded} {
			if _, err := b.provision(name, value); err == nil || !strings.Contains(err.Error(), code.Error()) {
				t.Errorf("%s at %d: %v", name, value, err)
			}
		}
		for _, value := range []int32{10 * free, free + 1, free} {
			set, err := b.provision(name, value)
			is(set, err, value)
			got, err = b.provisioned(name)
			is(got, err, value)
		}
	}
	for name, d := range map[string]*userpool.LimitDefinitionType{
		"unknown category": definition("Everything"),
		"no category":      {LimitClass: userpool.LimitClassApiCategory, Attributes: map[string]string{"Kind": "UserRead"}},
		"empty":            {LimitClass: userpool.LimitClassApiCategory, Attributes: map[string]string{}},
		"unknown class":    {LimitClass: "POOL", Attributes: map[string]string{"Category": "UserRead"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.GetProvisionedLimit(t.Context(), &userpool.GetProvisionedLimitInput{LimitDefinition: d})
			refused(t, err, userpool.ErrInvalidParameter, "")
			_, err = b.UpdateProvisionedLimit(t.Context(), &userpool.UpdateProvisionedLimitInput{LimitDefinition: d, RequestedLimitValue: 120})
			refused(t, err, userpool.ErrInvalidParameter, "")
		})
	}
	_, err = setup(t).provision("UserRead", 130)
	refused(t, err, userpool.ErrInvalidParameter, "Provisioned limits are not available: this installation of cenote has no RateCategories.")
}

// QUO-006, NEW-286, NEW-281: above its rate a category is refused, whatever the pool and the operation, until time goes on; the
// provisioned value is the rate, on every node within a second; other categories, other Regions and installations that do not
// limit go on.
func TestProvisionedRateIsTheBucket(t *testing.T) {
	t.Parallel()
	b := setup(t, byCategory)
	a, other := b.app(), b.app()
	a.user("ada")
	other.user("ada")
	calls := func(a app, n int) (passed int) {
		t.Helper()
		for range n {
			_, err := a.AdminGetUser(t.Context(), &userpool.AdminGetUserInput{UserPoolId: a.pool, Username: "ada"})
			if err == nil {
				passed++
				continue
			}
			refused(t, err, userpool.ErrTooManyRequests, "Rate exceeded")
		}
		return passed
	}
	pass := func(a app, n, want int) {
		t.Helper()
		if got := calls(a, n); got != want {
			t.Errorf("%d of %d calls passed, want %d", got, n, want)
		}
	}
	pass(a, 60, 60)
	pass(other, 70, 60)
	b.clock.Advance(500 * time.Millisecond)
	pass(a, 80, 60)
	a.signIn("ada") // another category

	second := *b
	second.start()
	onSecond := a
	onSecond.bench = &second
	pass(onSecond, 130, 120) // a node limits by itself

	_, err := b.provision("UserRead", 200)
	check(t, err)
	b.clock.Advance(time.Second)
	pass(a, 1, 1)
	pass(onSecond, 1, 1)
	b.clock.Advance(time.Second) // in which the larger bucket fills
	pass(a, 220, 200)
	pass(onSecond, 220, 200)
	away := *b
	away.config.Region = "eu-west-1"
	away.start()
	if got, err := away.provisioned("UserRead"); err != nil || got.ProvisionedLimitValue != 120 {
		t.Errorf("another Region has %+v, %v", got, err)
	}

	free := setup(t).app()
	free.user("ada")
	pass(free, 150, 150)
}

// QUO-003: answers to challenges have three times the rate of sign-ins to themselves, and only what exceeds it counts as sign-ins.
func TestRateOfAnswers(t *testing.T) {
	t.Parallel()
	a := setup(t, byCategory).app()
	answer := func(challenge userpool.ChallengeNameType) bool {
		_, err := a.respond(challenge, strings.Repeat("x", 40), "USERNAME", "ada", "ANSWER", "x")
		return !strings.Contains(err.Error(), "Rate exceeded")
	}
	signIn := func() bool {
		_, err := a.tryPassword("nobody", "x")
		return !strings.Contains(err.Error(), "Rate exceeded")
	}
	for range 70 { // the worked case, with 120 for 80: 70 sign-ins and 360 + 50 answers
		if !signIn() {
			t.Fatal("a sign-in was refused")
		}
	}
	for i := range 3*120 + 50 {
		if !answer("SMS_MFA") {
			t.Fatalf("answer %d was refused", i)
		}
	}
	if answer("SMS_MFA") || signIn() {
		t.Error("the rate was exceeded")
	}
	if !answer("NEW_PASSWORD_REQUIRED") { // another category
		t.Error("a new password was refused")
	}
}

// NEW-351: every operation is in a category. Calls of any operation above all rates are refused.
func TestEveryOperationHasACategory(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	p.config.RateCategories = true
	p.bench.start()
	g := p.about("us-east-1", "x")
	for _, op := range userpool.Operations() {
		limited := false
		for range 600 {
			if err := p.invoke(g, op.Name); err != nil && strings.Contains(err.Error(), "Rate exceeded") {
				limited = true
				break
			}
		}
		if !limited {
			t.Errorf("%s has no rate", op.Name)
		}
	}
}
