package userpool

import "context"

// RespondToAuthChallenge answers the challenge that a sign-in waits for (AUTH-590).
func (s *Service) RespondToAuthChallenge(ctx context.Context, in *RespondToAuthChallengeInput) (*RespondToAuthChallengeOutput, error) {
	return call(ctx, s, opRespondToAuthChallenge, in, s.respondToAuthChallenge)
}

func (s *Service) respondToAuthChallenge(ctx context.Context, in *RespondToAuthChallengeInput) (*RespondToAuthChallengeOutput, error) {
	a, err := s.respond(ctx, authAnswerInput{
		clientID: in.ClientId, challenge: in.ChallengeName, session: in.Session, responses: in.ChallengeResponses,
		metadata: in.ClientMetadata, fromUser: in.UserContextData,
	})
	if err != nil {
		return nil, err
	}
	return &RespondToAuthChallengeOutput{
		ChallengeName: a.challenge, Session: a.session, ChallengeParameters: a.params, AuthenticationResult: a.tokens,
		AvailableChallenges: a.available,
	}, nil
}

// AdminRespondToAuthChallenge is RespondToAuthChallenge for sign-ins that AdminInitiateAuth began (AUTH-591).
func (s *Service) AdminRespondToAuthChallenge(ctx context.Context, in *AdminRespondToAuthChallengeInput) (*AdminRespondToAuthChallengeOutput, error) {
	return call(ctx, s, opAdminRespondToAuthChallenge, in, s.adminRespondToAuthChallenge)
}

func (s *Service) adminRespondToAuthChallenge(ctx context.Context, in *AdminRespondToAuthChallengeInput) (*AdminRespondToAuthChallengeOutput, error) {
	a, err := s.respond(ctx, authAnswerInput{
		poolID: in.UserPoolId, clientID: in.ClientId, challenge: in.ChallengeName, session: in.Session,
		responses: in.ChallengeResponses, metadata: in.ClientMetadata, fromServer: in.ContextData, signed: true,
	})
	if err != nil {
		return nil, err
	}
	return &AdminRespondToAuthChallengeOutput{
		ChallengeName: a.challenge, Session: a.session, ChallengeParameters: a.params, AuthenticationResult: a.tokens,
		AvailableChallenges: a.available,
	}, nil
}

// authAnswerInput is what the two operations that answer a challenge are asked.
type authAnswerInput struct {
	poolID    string // AdminRespondToAuthChallenge only
	clientID  string
	challenge ChallengeNameType
	session   string
	responses map[string]string
	metadata  map[string]string
	signed    bool

	fromUser   *UserContextDataType
	fromServer *ContextDataType
	about      requestContext
}

// challengeAnswer describes how a challenge is answered.
type challengeAnswer struct {
	needs   []string // keys of ChallengeResponses, beside USERNAME (AUTH-156)
	session bool     // the state is in Session; else the answer brings its own (AUTH-163)
	run     func(s *Service, ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error)
}

// challengeAnswers are the challenges of this version.
var challengeAnswers = map[ChallengeNameType]*challengeAnswer{
	ChallengeNameTypeSmsMfa:           codeAnswer(ChallengeNameTypeSmsMfa),
	ChallengeNameTypeSmsOtp:           codeAnswer(ChallengeNameTypeSmsOtp),
	ChallengeNameTypeEmailOtp:         codeAnswer(ChallengeNameTypeEmailOtp),
	ChallengeNameTypeSoftwareTokenMfa: {needs: []string{"SOFTWARE_TOKEN_MFA_CODE"}, session: true, run: (*Service).answerTOTP},
	ChallengeNameTypeSelectMfaType:    {needs: []string{"ANSWER"}, session: true, run: (*Service).answerSelectMFA},
	ChallengeNameTypeMfaSetup:         {session: true, run: (*Service).answerMFASetup},
	ChallengeNameTypeSelectChallenge:  {needs: []string{"ANSWER"}, session: true, run: (*Service).answerChoice},
	ChallengeNameTypePassword:         {needs: []string{"PASSWORD"}, session: true, run: (*Service).answerPassword},
	ChallengeNameTypePasswordSrp:      {needs: []string{"SRP_A"}, session: true, run: (*Service).answerPassword},
	ChallengeNameTypePasswordVerifier: {
		needs: []string{"PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"},
		run:   (*Service).answerSRP,
	},
	ChallengeNameTypeCustomChallenge: {needs: []string{"ANSWER"}, session: true, run: (*Service).answerCustom},
	ChallengeNameTypeDeviceSrpAuth:   {needs: []string{"DEVICE_KEY", "SRP_A"}, session: true, run: (*Service).answerDeviceSRP},
	ChallengeNameTypeDevicePasswordVerifier: {
		needs: []string{"DEVICE_KEY", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"},
		run:   (*Service).answerDeviceVerifier,
	},
	ChallengeNameTypeNewPasswordRequired: {
		needs: []string{"NEW_PASSWORD"}, session: true,
		run: (*Service).answerNewPassword,
	},
	ChallengeNameTypeWebAuthn: {needs: []string{"CREDENTIAL"}, session: true, run: (*Service).answerPasskey},
}

// respond runs what all answers share, in the order of AUTH-590, and then the challenge's own part.
func (s *Service) respond(ctx context.Context, in authAnswerInput) (authAnswer, error) {
	name := in.responses["USERNAME"]
	sc, err := s.authScope(ctx, in.poolID, in.clientID, name, in.signed)
	if err != nil {
		return authAnswer{}, err
	}
	c := challengeAnswers[in.challenge]
	if c == nil { // one that this pool never asked for
		return authAnswer{}, errSessionInvalid
	}
	if s.secondary(sc.pool) && primaryChallenges[in.challenge] { // unconfirmed text
		return authAnswer{}, ErrOperationNotEnabled.Newf("%s is not enabled for user pool %s in this Region.", in.challenge, sc.pool.id())
	}
	if name == "" {
		return authAnswer{}, errMissingParameter("USERNAME")
	}
	for _, key := range c.needs {
		if in.responses[key] == "" {
			return authAnswer{}, errMissingParameter(key) // AUTH-232, AUTH-341 (unconfirmed texts)
		}
	}
	if c.session && in.session == "" {
		return authAnswer{}, errMissingParameter("Session") // AUTH-161 (unconfirmed text)
	}
	if err := s.checkSecretHash(ctx, sc, name, in.responses["SECRET_HASH"], true); err != nil {
		return authAnswer{}, err
	}
	if in.about, err = s.requestOf(ctx, sc.client, in.fromUser, in.fromServer); err != nil {
		return authAnswer{}, err
	}
	return c.run(s, ctx, in, sc)
}

// resume opens the session that an answer brings and returns the sign-in that it continues. Where the client hides who exists,
// a sign-in of nobody goes on as one of a user does (H7).
func (s *Service) resume(ctx context.Context, in authAnswerInput, sc scope) (signIn, session, error) {
	v, err := s.openSession(ctx, sc, in.session)
	if err != nil {
		return signIn{}, v, err
	}
	if sc.client.hides() && (sc.user == nil || sc.user.Disabled && sc.user.Sub != v.Sub) { // nobody proves anything, whoever that is
		if sc, err = s.nobodyOf(ctx, sc, v); err != nil {
			return signIn{}, v, err
		}
	}
	if !v.fits(sc, in.challenge, in.signed, s.vault.Epoch()) {
		return signIn{}, v, firstError(s.refuseUsed(ctx, sc.pool, v.useOf()), errSessionInvalid) // AUTH-165 (unconfirmed text)
	}
	si := signIn{scope: sc, progress: v.claiming(in.responses), about: in.about, metadata: in.metadata, answered: in.challenge}
	if err := s.mayGoOn(si); err != nil || si.Risk != riskUnknown {
		return si, v, err
	}
	si.scope, err = s.watchSignIn(ctx, si.scope, si.Flow, si.about)
	return si, v, err
}

// mayGoOn refuses to go on with a sign-in whose user was disabled or whose flow was switched off since it began (C4).
func (s *Service) mayGoOn(in signIn) error {
	if in.user != nil && in.user.Disabled && (len(in.Methods) > 0 || !in.client.hides()) { // else he is not told before a proof (H7)
		return errUserDisabled
	}
	return in.allowsFlow(in.Flow)
}
