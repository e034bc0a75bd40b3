package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// defaultSSOMinutes is how long a client reuses an SSO session if nothing was set (NEW-019).
const defaultSSOMinutes = 60

// errTrackingOff is what needs tracked sessions in a pool that tracks none (NEW-020, NEW-070; type and text unconfirmed).
var errTrackingOff = ErrOperationNotEnabled.New("User session tracking is not enabled for this user pool.")

// GetUserPoolSessionConfiguration returns whether the pool tracks sessions: it does not, before it was told to (NEW-012, NEW-361).
func (s *Service) GetUserPoolSessionConfiguration(ctx context.Context, in *GetUserPoolSessionConfigurationInput) (*GetUserPoolSessionConfigurationOutput, error) {
	return call(ctx, s, opGetUserPoolSessionConfiguration, in, s.getUserPoolSessionConfiguration)
}

func (s *Service) getUserPoolSessionConfiguration(ctx context.Context, in *GetUserPoolSessionConfigurationInput) (*GetUserPoolSessionConfigurationOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	t := sc.pool.Tracking
	out := &GetUserPoolSessionConfigurationOutput{
		UserPoolId: sc.pool.id(), UserSessionTracking: UserSessionTrackingTypeDisabled,
		TokenSession: &UserPoolTokenSessionConfigType{MaxPerUser: int32(t.max())},
	}
	if t.On {
		out.UserSessionTracking = UserSessionTrackingTypeEnabled
	}
	return out, nil
}

// SetUserPoolSessionConfiguration switches the tracking of sessions on or off and says how many token sessions a user may have
// (NEW-013…018, NEW-362). A lower number ends nothing at once; switching off forgets the sessions and leaves their tokens alone.
func (s *Service) SetUserPoolSessionConfiguration(ctx context.Context, in *SetUserPoolSessionConfigurationInput) (*SetUserPoolSessionConfigurationOutput, error) {
	return call(ctx, s, opSetUserPoolSessionConfiguration, in, s.setUserPoolSessionConfiguration)
}

func (s *Service) setUserPoolSessionConfiguration(ctx context.Context, in *SetUserPoolSessionConfigurationInput) (*SetUserPoolSessionConfigurationOutput, error) {
	on := in.UserSessionTracking == UserSessionTrackingTypeEnabled
	err := s.changePool(ctx, in.UserPoolId, func(_ *store.Tx, p *poolRecord) error {
		if err := p.checkTrackingTier(); err != nil { // whatever is asked for (NEW-015, unconfirmed for DISABLED)
			return err
		}
		t := &p.Tracking
		if on && !t.On {
			t.Run++
		}
		t.On, t.Max = on, in.TokenSession.MaxPerUser
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &SetUserPoolSessionConfigurationOutput{
		UserPoolId: in.UserPoolId, UserSessionTracking: in.UserSessionTracking,
		TokenSession: &UserPoolTokenSessionConfigType{MaxPerUser: in.TokenSession.MaxPerUser},
	}, nil
}

// checkTrackingTier refuses tracked sessions in a pool whose plan has none (NEW-015, NEW-352; name unconfirmed).
func (p *poolRecord) checkTrackingTier() error {
	if p.Settings.UserPoolTier == UserPoolTierTypeLite {
		return ErrFeatureUnavailableInTier.Newf("The following features need to be disabled for the %s pricing tier configured: %s",
			p.Settings.UserPoolTier, "User Session Tracking")
	}
	return nil
}

// GetUserPoolClientSessionConfiguration returns for how long a client reuses SSO sessions, whether or not the pool tracks sessions
// (NEW-019, NEW-363).
func (s *Service) GetUserPoolClientSessionConfiguration(ctx context.Context, in *GetUserPoolClientSessionConfigurationInput) (*GetUserPoolClientSessionConfigurationOutput, error) {
	return call(ctx, s, opGetUserPoolClientSessionConfiguration, in, s.getUserPoolClientSessionConfiguration)
}

func (s *Service) getUserPoolClientSessionConfiguration(ctx context.Context, in *GetUserPoolClientSessionConfigurationInput) (*GetUserPoolClientSessionConfigurationOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	minutes := int32(defaultSSOMinutes)
	if sc.client.SSO != nil {
		minutes = *sc.client.SSO
	}
	return &GetUserPoolClientSessionConfigurationOutput{
		UserPoolId: sc.pool.id(), ClientId: sc.client.id(), SSOSession: &ClientSSOSessionConfigType{MaxValidityMinutes: minutes},
	}, nil
}

// SetUserPoolClientSessionConfiguration says for how long after his last fresh sign-in a user is let into the client silently
// (NEW-020…022, NEW-364). The pages of a pool's domain ask for it; sign-ins by the API are always fresh.
func (s *Service) SetUserPoolClientSessionConfiguration(ctx context.Context, in *SetUserPoolClientSessionConfigurationInput) (*SetUserPoolClientSessionConfigurationOutput, error) {
	return call(ctx, s, opSetUserPoolClientSessionConfiguration, in, s.setUserPoolClientSessionConfiguration)
}

func (s *Service) setUserPoolClientSessionConfiguration(ctx context.Context, in *SetUserPoolClientSessionConfigurationInput) (*SetUserPoolClientSessionConfigurationOutput, error) {
	sc, err := s.poolClient(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	minutes := in.SSOSession.MaxValidityMinutes
	// The order of errors is unconfirmed (NEW-023).
	_, err = s.changeClient(ctx, sc, func(_ *store.Tx, now scope) error {
		if err := now.pool.checkTrackingTier(); err != nil {
			return err
		}
		if !now.pool.Tracking.On {
			return errTrackingOff
		}
		now.client.SSO = &minutes
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &SetUserPoolClientSessionConfigurationOutput{
		UserPoolId: in.UserPoolId, ClientId: in.ClientId, SSOSession: &ClientSSOSessionConfigType{MaxValidityMinutes: minutes},
	}, nil
}
