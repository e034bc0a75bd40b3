package userpool

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A sign-in by USER_AUTH may aim at a level of authentication, and may bring an access token whose methods count towards it
// (NEW-121…134). The levels are in acr.go.

// aim is what a sign-in is asked to reach, and what the caller has proven before.
type aim struct {
	targets []int    // levels, best first
	methods []string // of the access token, if they count
	level   int      // of the access token, if it counts
	credit  *credit
}

// credit is the access token that a sign-in rests on. While the user signs out everywhere, or the token's family ends, what it
// proved is worth nothing (C2).
type credit struct {
	Family     string `json:"f,omitempty"`
	TokenEpoch int64  `json:"e,omitempty"`
	Methods    int    `json:"m,omitempty"` // so many of the sign-in's first methods are the token's
}

// fresh returns what the sign-in itself has proven, without what an access token brought.
func (p progress) fresh() []string {
	if p.Credit == nil {
		return p.Methods
	}
	return p.Methods[min(p.Credit.Methods, len(p.Methods)):]
}

func (c *credit) family() string {
	if c == nil {
		return ""
	}
	return c.Family
}

var (
	errNoTarget      = ErrInvalidParameter.New("TARGET_ACR_VALUES has no level of the user pool.")                  // NEW-122 (unconfirmed text)
	errTokenNoTarget = ErrInvalidParameter.New("ACCESS_TOKEN needs TARGET_ACR_VALUES.")                             // NEW-124 (unconfirmed text)
	errBadMaxAge     = ErrInvalidParameter.New("MAX_AGE must be a number of seconds.")                              // NEW-125 (unconfirmed text)
	errLevelHeld     = ErrInvalidParameter.New("The access token already has the requested authentication level.")  // NEW-130 (unconfirmed text)
	errLevelTooHigh  = ErrInvalidParameter.New("The user cannot reach any of the requested authentication levels.") // NEW-131 (unconfirmed text)
)

// refuseStepUp refuses a request for a level in a pool whose plan has none (NEW-123).
func refuseStepUp(in authStart, sc scope) error {
	if in.params["TARGET_ACR_VALUES"] != "" && !sc.pool.hasTier(UserPoolTierTypeEssentials) {
		return errTier(sc.pool.Settings.UserPoolTier, "Step-Up Authentication")
	}
	return nil
}

// stepUpOf reads what the parameters of a sign-in aim at. Names that are no level in force are ignored, unless there is no other
// (NEW-122).
func (s *Service) stepUpOf(ctx context.Context, sc scope, params map[string]string) (aim, error) {
	var a aim
	maxAge, err := maxAgeOf(params["MAX_AGE"])
	if err != nil {
		return a, err
	}
	raw := params["ACCESS_TOKEN"]
	if params["TARGET_ACR_VALUES"] == "" {
		if raw != "" {
			return a, errTokenNoTarget
		}
		return a, nil
	}
	for name := range strings.FieldsSeq(params["TARGET_ACR_VALUES"]) {
		if level := sc.pool.acrLevelNamed(name); level > 0 && !slices.Contains(a.targets, level) {
			a.targets = append(a.targets, level)
		}
	}
	if len(a.targets) == 0 {
		return a, errNoTarget
	}
	if raw == "" {
		return a, nil
	}
	b, err := s.authorize(ctx, raw)
	if err != nil {
		return a, err
	}
	if b.pool.id() != sc.pool.id() || b.client.id() != sc.client.id() || sc.user == nil || b.user.Sub != sc.user.Sub { // NEW-124 (unconfirmed)
		return a, errAccessInvalid
	}
	if s.store.Now().Sub(b.claims.AuthTime) > maxAge || b.outlived() {
		return a, nil // counts for nothing, and stays good (NEW-127)
	}
	a.credit = &credit{Family: b.claims.OriginJTI, TokenEpoch: b.user.TokenEpoch}
	a.level = sc.pool.acrLevelNamed(b.claims.ACR) // a name that is no longer in force is no level (NEW-108)
	for _, m := range b.claims.AMR {
		if m != methodMany {
			a.methods = append(a.methods, m)
		}
	}
	a.credit.Methods = len(a.methods)
	return a, nil
}

// maxAgeOf reads MAX_AGE; without one, no age is too great (NEW-125).
func maxAgeOf(text string) (time.Duration, error) {
	const forever = time.Duration(1<<63 - 1)
	if text == "" {
		return forever, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, errBadMaxAge
	}
	if n > uint64(forever/time.Second) {
		return forever, nil
	}
	return time.Duration(n) * time.Second, nil
}

// outlived reports whether the password that the token's sign-in may rest on has been replaced since: it proves nothing any more (C4).
func (b bearer) outlived() bool {
	return slices.Contains(b.claims.AMR, methodPassword) &&
		(!b.user.hasPassword() || b.user.Password.Set.Unix() > b.claims.AuthTime.Unix())
}

// towards returns the progress of a sign-in that aims at something.
func (p progress) towards(a aim) progress {
	p.Targets, p.Methods, p.Credit = a.targets, a.methods, a.credit
	return p
}

// alreadyThere refuses to sign in towards a level that the token has already (NEW-130). No token is turned into other tokens without a
// proof: where only its name for the level is out of date, everything is asked anew.
func (s *Service) alreadyThere(ctx context.Context, in *signIn, a aim) error {
	if a.credit == nil {
		return nil
	}
	w, err := s.waysOf(ctx, *in, in.user)
	if err != nil {
		return err
	}
	list, level, err := w.toTarget()
	switch {
	case err != nil:
		return err
	case a.level >= level:
		return errLevelHeld
	case len(list) == 0:
		in.Methods, in.Credit = nil, nil
	}
	return nil
}

// toTarget returns the first of the aimed-at levels that the user can reach from where he is, and the challenges that lead on to
// it; none means that he is there (NEW-122, NEW-126…128, NEW-134). Nobody has to start the set-up of a factor (NEW-131).
func (w ways) toTarget() ([]ChallengeNameType, int, error) {
	for _, level := range w.in.Targets {
		if levelOf(w.in.Methods) >= level {
			return nil, level, nil
		}
		// A higher level is a way if there is none to this very one.
		for _, rows := range acrLevels[level-1:] {
			if list := w.toRows(rows); len(list) > 0 {
				return list, level, nil
			}
		}
	}
	return nil, 0, errLevelTooHigh
}

// toRows returns the challenges for what comes next in those rows that the user can complete.
func (w ways) toRows(rows [][]string) []ChallengeNameType {
	var out []ChallengeNameType
	for _, row := range rows {
		missing := without(row, w.in.Methods)
		possible := len(missing) > 0 && !slices.ContainsFunc(missing, func(m string) bool { return len(w.toMethod(m, row)) == 0 })
		if !possible {
			continue
		}
		for _, name := range w.toMethod(missing[0], row) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// secondFactorMethods are the methods that second factors prove.
var secondFactorMethods = map[string]ChallengeNameType{
	methodSMS: ChallengeNameTypeSmsMfa, methodEmail: ChallengeNameTypeEmailOtp, methodTOTP: ChallengeNameTypeSoftwareTokenMfa,
}

// toMethod returns the challenges by which the user can prove one method of a row. What stands beside a password is a second factor,
// and has to be switched on (NEW-133); a code alone is a first one, or a second one if there was a password before. Where the client
// hides who exists it is not told before the password which second factors somebody has.
func (w ways) toMethod(method string, row []string) []ChallengeNameType {
	second := secondFactorMethods[method]
	beside := second != "" && slices.Contains(row, methodPassword)
	unknown := beside && w.in.client.hides() && len(w.in.Methods) == 0
	on := w.u != nil && slices.Contains(w.in.pool.activeFactors(w.u).usable, second)
	switch {
	case unknown, on && (beside || slices.Contains(w.in.Methods, methodPassword)):
		return []ChallengeNameType{second}
	case beside:
		return nil
	}
	var out []ChallengeNameType
	for _, name := range w.first {
		if slices.Contains(methodsOf(name), method) {
			out = append(out, name)
		}
	}
	return out
}

// methodsOf returns what a first factor proves; of a passkey it is known when it answers.
func methodsOf(name ChallengeNameType) []string {
	switch c := codeFactors[name]; {
	case c != nil:
		return []string{c.method}
	case name == ChallengeNameTypeWebAuthn:
		return []string{methodPlatform, methodRoaming}
	}
	return []string{methodPassword}
}

// askTowards asks for what is missing to the level that a sign-in aims at, and then for the second factor that the user has to prove
// whatever the level (NEW-133).
func (s *Service) askTowards(ctx context.Context, in signIn, next *userRecord) (*ask, error) {
	w, err := s.waysOf(ctx, in, next)
	if err != nil {
		return nil, err
	}
	list, _, err := w.toTarget()
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		return s.askOneOf(ctx, in, next, list)
	}
	if !slices.Contains(in.Methods, methodPassword) || !in.pool.secondFactorDue(next) || in.pool.provedSecond(next, in.Methods) ||
		in.deviceStandsIn() {
		return nil, nil
	}
	plan := in.pool.secondFactors(next)
	if len(plan.setUp) > 0 {
		return nil, errLevelTooHigh
	}
	return plan.ask(in, next)
}

// leadsOn reports whether a challenge is a way to the level that the sign-in aimed at before its answer.
func (s *Service) leadsOn(sc scope, p progress, name ChallengeNameType) bool {
	in := signIn{scope: sc, progress: p}
	list, _, err := ways{in, sc.user, firstChallenges(in, sc.user)}.toTarget()
	return err == nil && slices.Contains(list, name)
}

// provedSecond reports whether the methods have one of the second factors that the user has switched on, or a passkey.
func (p *poolRecord) provedSecond(u *userRecord, methods []string) bool {
	usable := p.activeFactors(u).usable
	return slices.ContainsFunc(methods, func(m string) bool {
		return m == methodPlatform || m == methodRoaming || slices.Contains(usable, secondFactorMethods[m])
	})
}

// stillCredited refuses in the Update that grants what an access token has proven if that token is no longer good (C2).
func (in signIn) stillCredited(now scope, family *familyRecord) error {
	c := in.Credit
	if c == nil {
		return nil
	}
	if now.user.TokenEpoch != c.TokenEpoch || c.Family != "" && (family == nil || family.Revoked) {
		return errAccessRevoked
	}
	return nil
}
