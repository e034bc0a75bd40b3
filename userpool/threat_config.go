package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

var errAddOnNotEnabled = ErrUserPoolAddOnNotEnabled.New("AdvancedSecurity is not enabled for the user pool") // AUTH-552 (unconfirmed text)

// SetRiskConfiguration replaces what threat protection does in a pool or for one of its clients (AUTH-554, AUTH-618). A client's
// configuration is in place of the pool's, not beside it. A call that sets nothing goes back to the default, which acts on nothing,
// or has the client follow its pool.
func (s *Service) SetRiskConfiguration(ctx context.Context, in *SetRiskConfigurationInput) (*SetRiskConfigurationOutput, error) {
	return call(ctx, s, opSetRiskConfiguration, in, s.setRiskConfiguration)
}

func (s *Service) setRiskConfiguration(ctx context.Context, in *SetRiskConfigurationInput) (*SetRiskConfigurationOutput, error) {
	var out *RiskConfigurationType
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		sc, err := s.protectedPool(ctx, tx.Get, in.UserPoolId, in.ClientId)
		if err != nil {
			return err
		}
		if s.secondary(sc.pool) {
			return errOwnSettings("SetRiskConfiguration")
		}
		rec := &riskRecord{ClientID: in.ClientId, Settings: RiskConfigurationType{
			UserPoolId: in.UserPoolId, ClientId: in.ClientId,
			CompromisedCredentialsRiskConfiguration: in.CompromisedCredentialsRiskConfiguration,
			AccountTakeoverRiskConfiguration:        in.AccountTakeoverRiskConfiguration,
			RiskExceptionConfiguration:              in.RiskExceptionConfiguration,
		}}
		if err := s.checkRisk(sc.pool, &rec.Settings); err != nil {
			return err
		}
		if sc.client != nil {
			rec.Serial = sc.client.Serial
		}
		table := riskConfigs.Of(in.UserPoolId)
		if in.CompromisedCredentialsRiskConfiguration == nil && in.AccountTakeoverRiskConfiguration == nil && in.RiskExceptionConfiguration == nil {
			out = &rec.Settings
			return table.Remove(ctx, tx, riskKey(in.ClientId)...)
		}
		rec.Settings.LastModifiedDate = tx.Now()
		out = rec.Settings.clone()
		return table.Replace(ctx, tx, rec)
	})
	if err != nil {
		return nil, err
	}
	return &SetRiskConfigurationOutput{RiskConfiguration: out}, nil
}

// DescribeRiskConfiguration returns what threat protection does in a pool or for one of its clients. For a client that follows its
// pool it is the pool's configuration, without a ClientId; one that was never set has no members (AUTH-619).
func (s *Service) DescribeRiskConfiguration(ctx context.Context, in *DescribeRiskConfigurationInput) (*DescribeRiskConfigurationOutput, error) {
	return call(ctx, s, opDescribeRiskConfiguration, in, s.describeRiskConfiguration)
}

func (s *Service) describeRiskConfiguration(ctx context.Context, in *DescribeRiskConfigurationInput) (*DescribeRiskConfigurationOutput, error) {
	sc, err := s.protectedPool(ctx, s.store.Read, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	set, err := s.riskSettings(ctx, s.store.Read, sc)
	if err != nil {
		return nil, err
	}
	out := set.clone()
	out.UserPoolId = in.UserPoolId
	return &DescribeRiskConfigurationOutput{RiskConfiguration: out}, nil
}

// protectedPool reads a pool, and its client unless the id is "", and refuses if the pool has no threat protection (AUTH-552,
// TIER-006).
func (s *Service) protectedPool(ctx context.Context, get getFunc, poolID, clientID string) (sc scope, err error) {
	if clientID == "" {
		sc, err = s.byPool(ctx, get, poolID, "")
	} else {
		sc, err = s.poolClient(ctx, get, poolID, clientID)
	}
	if err == nil && !sc.pool.protected() {
		err = errAddOnNotEnabled
	}
	return sc, err
}

// riskSettings reads the configuration in force for the scope: the client's, else the pool's, else none.
func (s *Service) riskSettings(ctx context.Context, get getFunc, sc scope) (*RiskConfigurationType, error) {
	table := riskConfigs.Of(sc.pool.id())
	pool := table.Find(riskKey("")...)
	gets := []store.Getter{pool}
	var client *store.Lookup[riskRecord]
	if sc.client != nil {
		client = table.Find(riskKey(sc.client.id())...)
		gets = append(gets, client)
	}
	if err := get(ctx, gets...); err != nil {
		return nil, err
	}
	switch {
	case client != nil && client.Got != nil && client.Got.Serial == sc.client.Serial:
		return &client.Got.Settings, nil
	case pool.Got != nil:
		return &pool.Got.Settings, nil
	}
	return &RiskConfigurationType{}, nil
}

// protected reports whether the pool has threat protection, for whichever flows.
func (p *poolRecord) protected() bool {
	return p.threatMode("") != AdvancedSecurityModeTypeOff || p.threatMode(AuthFlowTypeCustomAuth) != AdvancedSecurityModeTypeOff
}

// threatMode is what threat protection does in sign-ins by a flow, and in everything else if flow is "": OFF, AUDIT or ENFORCED
// (AUTH-551). Custom authentication has a mode of its own (AUTH-240).
func (p *poolRecord) threatMode(flow AuthFlowType) AdvancedSecurityModeType {
	a := p.Settings.UserPoolAddOns
	switch {
	case a == nil:
		return AdvancedSecurityModeTypeOff
	case flow != AuthFlowTypeCustomAuth:
		return a.AdvancedSecurityMode
	case a.AdvancedSecurityAdditionalFlows == nil || a.AdvancedSecurityAdditionalFlows.CustomAuthMode == "":
		return AdvancedSecurityModeTypeOff
	}
	return AdvancedSecurityModeType(a.AdvancedSecurityAdditionalFlows.CustomAuthMode)
}

// clone returns a copy that shares nothing.
func (r *RiskConfigurationType) clone() *RiskConfigurationType {
	out := *r
	if c := cloned(r.CompromisedCredentialsRiskConfiguration); c != nil {
		c.EventFilter, c.Actions = append([]EventFilterType(nil), c.EventFilter...), cloned(c.Actions)
		out.CompromisedCredentialsRiskConfiguration = c
	}
	if a := cloned(r.AccountTakeoverRiskConfiguration); a != nil {
		if n := cloned(a.NotifyConfiguration); n != nil {
			n.BlockEmail, n.MfaEmail, n.NoActionEmail = cloned(n.BlockEmail), cloned(n.MfaEmail), cloned(n.NoActionEmail)
			a.NotifyConfiguration = n
		}
		if l := cloned(a.Actions); l != nil {
			l.LowAction, l.MediumAction, l.HighAction = cloned(l.LowAction), cloned(l.MediumAction), cloned(l.HighAction)
			a.Actions = l
		}
		out.AccountTakeoverRiskConfiguration = a
	}
	if e := cloned(r.RiskExceptionConfiguration); e != nil {
		e.BlockedIPRangeList = append([]string(nil), e.BlockedIPRangeList...)
		e.SkippedIPRangeList = append([]string(nil), e.SkippedIPRangeList...)
		out.RiskExceptionConfiguration = e
	}
	return &out
}
