package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/trigger"
)

// InitiateAuth begins a sign-in, or refreshes one (AUTH-588). It answers tokens or the next challenge, never both (AUTH-151).
func (s *Service) InitiateAuth(ctx context.Context, in *InitiateAuthInput) (*InitiateAuthOutput, error) {
	return call(ctx, s, opInitiateAuth, in, s.initiateAuth)
}

func (s *Service) initiateAuth(ctx context.Context, in *InitiateAuthInput) (*InitiateAuthOutput, error) {
	a, err := s.begin(ctx, authStart{
		clientID: in.ClientId, flow: in.AuthFlow, params: in.AuthParameters, metadata: in.ClientMetadata, session: in.Session,
		fromUser: in.UserContextData,
	})
	if errors.Is(err, ErrMFAMethodNotFound) { // which this operation does not declare
		err = ErrInvalidUserPoolConfiguration.New(errNoSecondFactor.Message)
	}
	if err != nil {
		return nil, err
	}
	return &InitiateAuthOutput{
		ChallengeName: a.challenge, Session: a.session, ChallengeParameters: a.params, AuthenticationResult: a.tokens,
		AvailableChallenges: a.available,
	}, nil
}

// AdminInitiateAuth is InitiateAuth for a server that signs its requests (AUTH-589).
func (s *Service) AdminInitiateAuth(ctx context.Context, in *AdminInitiateAuthInput) (*AdminInitiateAuthOutput, error) {
	return call(ctx, s, opAdminInitiateAuth, in, s.adminInitiateAuth)
}

func (s *Service) adminInitiateAuth(ctx context.Context, in *AdminInitiateAuthInput) (*AdminInitiateAuthOutput, error) {
	a, err := s.begin(ctx, authStart{
		poolID: in.UserPoolId, clientID: in.ClientId, flow: in.AuthFlow, params: in.AuthParameters, metadata: in.ClientMetadata,
		session: in.Session, fromServer: in.ContextData, signed: true,
	})
	if err != nil {
		return nil, err
	}
	return &AdminInitiateAuthOutput{
		ChallengeName: a.challenge, Session: a.session, ChallengeParameters: a.params, AuthenticationResult: a.tokens,
		AvailableChallenges: a.available,
	}, nil
}

// authStart is what the two operations that begin a sign-in are asked.
type authStart struct {
	poolID   string // AdminInitiateAuth only
	clientID string
	flow     AuthFlowType
	params   map[string]string
	metadata map[string]string
	session  string // USER_AUTH only: that of ConfirmSignUp
	signed   bool

	fromUser   *UserContextDataType // what the caller tells about the request
	fromServer *ContextDataType
	about      requestContext // what is believed of it
}

// authAnswer is what a step of a sign-in leads to: tokens or the next challenge.
type authAnswer struct {
	challenge ChallengeNameType
	session   string
	params    map[string]string
	tokens    *AuthenticationResultType
	available []ChallengeNameType // what can be chosen from
}

// authFlow describes one flow: which operation family begins it, what it needs, and how it goes. The shared steps around run
// are the same for all, in the order of AUTH-143.
type authFlow struct {
	public, signed bool
	needs          []string                           // keys of AuthParameters
	early          func(in authStart, sc scope) error // refuses before the client is asked whether it has the flow; may be nil
	run            func(s *Service, ctx context.Context, in authStart, sc scope) (authAnswer, error)
}

var (
	flowAdminPassword = authFlow{signed: true, needs: []string{"USERNAME", "PASSWORD"}, run: (*Service).beginPassword}
	flowRefresh       = authFlow{public: true, signed: true, needs: []string{"REFRESH_TOKEN"}, run: (*Service).beginRefresh}
)

// authFlows are the flows of this version (AUTH-137…139).
var authFlows = map[AuthFlowType]*authFlow{
	AuthFlowTypeUserPasswordAuth:      {public: true, needs: []string{"USERNAME", "PASSWORD"}, run: (*Service).beginPassword},
	AuthFlowTypeUserSrpAuth:           {public: true, signed: true, needs: []string{"USERNAME", "SRP_A"}, run: (*Service).beginSRP},
	AuthFlowTypeAdminUserPasswordAuth: &flowAdminPassword,
	AuthFlowTypeAdminNoSrpAuth:        &flowAdminPassword,
	AuthFlowTypeCustomAuth:            {public: true, signed: true, needs: []string{"USERNAME"}, run: (*Service).beginCustom},
	AuthFlowTypeUserAuth: {
		public: true, signed: true, needs: []string{"USERNAME"}, early: refuseStepUp, run: (*Service).beginChoice,
	},
	AuthFlowTypeRefreshTokenAuth: &flowRefresh,
	AuthFlowTypeRefreshToken:     &flowRefresh,
}

// begin runs what all flows share and then the flow.
func (s *Service) begin(ctx context.Context, in authStart) (authAnswer, error) {
	sc, err := s.authScope(ctx, in.poolID, in.clientID, in.params["USERNAME"], in.signed)
	if err != nil {
		return authAnswer{}, err
	}
	flow := authFlows[in.flow]
	if flow == nil || in.signed && !flow.signed || !in.signed && !flow.public { // AUTH-138
		return authAnswer{}, ErrInvalidParameter.New("Initiate Auth method not supported")
	}
	if flow.early != nil {
		if err := flow.early(in, sc); err != nil {
			return authAnswer{}, err
		}
	}
	if err := sc.allowsFlow(in.flow); err != nil {
		return authAnswer{}, err
	}
	for _, key := range flow.needs {
		if in.params[key] == "" {
			return authAnswer{}, errMissingParameter(key) // AUTH-205 (unconfirmed text)
		}
	}
	if in.about, err = s.requestOf(ctx, sc.client, in.fromUser, in.fromServer); err != nil {
		return authAnswer{}, err
	}
	return flow.run(s, ctx, in, sc)
}

// authScope reads client, pool and the user of a name for the operations of a sign-in. The signed ones name the pool too; of
// two errors theirs is the pool's (AUTH-589).
func (s *Service) authScope(ctx context.Context, poolID, clientID, name string, signed bool) (scope, error) {
	sc, err := s.byClient(ctx, s.store.Read, clientID, name)
	if signed && (errors.Is(err, ErrResourceNotFound) || err == nil && sc.pool.id() != poolID) {
		return s.poolClient(ctx, s.store.Read, poolID, clientID) // says which of the two it is
	}
	return sc, err
}

// signIn is a sign-in under way: for whom, what has been proven so far, and what its end has to say.
type signIn struct {
	scope
	progress
	claim    deviceClaim       // what Claimed turned out to be, once that was asked
	about    requestContext    // of this request
	metadata map[string]string // of the respond operation, for the triggers (AUTH-166)
	answered ChallengeNameType // what this request answers, if anything

	choice    *choice // USER_AUTH only: what this request wants to be asked
	confirmed bool    // the code of a sign-up is the first factor (AUTH-288)
}

// progress is how far a sign-in has come. It travels in its session.
type progress struct {
	Flow    AuthFlowType   `json:"f"`
	Signed  bool           `json:"a,omitempty"` // begun by AdminInitiateAuth: only its twin may go on (AUTH-164)
	Event   string         `json:"v"`           // event_id
	Methods []string       `json:"m,omitempty"` // what was proven, in order, as the amr claim spells it
	Claimed string         `json:"k,omitempty"` // DEVICE_KEY as the caller sent it: proves nothing
	Device  string         `json:"d,omitempty"` // the key of a device that has proven itself
	Source  trigger.Source `json:"o,omitempty"` // of pre token generation, if not TokenGeneration_Authentication
	Custom  *customState   `json:"u,omitempty"` // CUSTOM_AUTH only
	Risk    riskState      `json:"rk,omitempty"`

	Chosen   ChallengeNameType `json:"mc,omitempty"` // the answer to SELECT_MFA_TYPE
	NewEmail string            `json:"me,omitempty"` // the address that MFA_SETUP is to make a second factor

	Targets []int   `json:"ta,omitempty"` // levels to reach one of, best first (NEW-122)
	Credit  *credit `json:"cr,omitempty"` // the token that some of the methods come from
}

// The methods that the amr claim knows (NEW-088…093).
const (
	methodPassword = "pwd"
	methodTOTP     = "otp"
	methodSMS      = "sms"
	methodEmail    = "email_otp"
	methodPlatform = "swk" // a passkey that is part of a machine; also one that does not say: the weaker claim
	methodRoaming  = "hwk" // a passkey on a security key
)

// proven returns the progress after one more method.
func (p progress) proven(method string) progress {
	p.Methods = append(slices.Clone(p.Methods), method)
	return p
}

// tokenSource returns the source of pre token generation.
func (p progress) tokenSource() trigger.Source {
	return cmp.Or(p.Source, trigger.TokenGenerationAuthentication)
}

// newSignIn begins a sign-in of the scope's user.
func (s *Service) newSignIn(sc scope, in authStart) (signIn, error) {
	event, err := ident.UUID(s.rand)
	p := progress{Flow: in.flow, Signed: in.signed, Event: event}.claiming(in.params)
	return signIn{scope: sc, about: in.about, progress: p}, err
}
