package userpool

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// What the settings of a client mean when they are absent.
const (
	defaultAccessValidity  = time.Hour
	defaultRefreshValidity = 30 * 24 * time.Hour
	defaultSessionMinutes  = 3
)

// hides reports whether the client's operations keep secret which users exist (AUTH-451).
func (c *clientRecord) hides() bool {
	return c.Settings.PreventUserExistenceErrors == PreventUserExistenceErrorTypesEnabled
}

// revokes reports whether the client's tokens can be revoked (AUTH-528).
func (c *clientRecord) revokes() bool {
	return c.Settings.EnableTokenRevocation == nil || *c.Settings.EnableTokenRevocation
}

// rotates reports whether each use of a refresh token replaces it, and how long the former one still works (AUTH-260).
func (c *clientRecord) rotates() (bool, time.Duration) {
	r := c.Settings.RefreshTokenRotation
	if r == nil || r.Feature != FeatureTypeEnabled {
		return false, 0
	}
	var grace time.Duration
	if r.RetryGracePeriodSeconds != nil {
		grace = time.Duration(*r.RetryGracePeriodSeconds) * time.Second
	}
	return true, grace
}

// sessionValidity is how long an unfinished sign-in lives (AUTH-158).
func (c *clientRecord) sessionValidity() time.Duration {
	if c.Settings.AuthSessionValidity == nil {
		return defaultSessionMinutes * time.Minute
	}
	return time.Duration(*c.Settings.AuthSessionValidity) * time.Minute
}

// validity returns how long access, ID and refresh tokens of the client live (AUTH-510).
func (c *clientRecord) validity() (access, id, refresh time.Duration) {
	units := unitsOf(&c.Settings)
	access = lifetime(c.Settings.AccessTokenValidity, units.AccessToken, defaultAccessValidity)
	id = lifetime(c.Settings.IdTokenValidity, units.IdToken, defaultAccessValidity)
	refresh = lifetime(c.Settings.RefreshTokenValidity, units.RefreshToken, defaultRefreshValidity)
	return access, id, refresh
}

// lifetime returns n units; nil and 0 are the default.
func lifetime(n *int32, unit TimeUnitsType, def time.Duration) time.Duration {
	if n == nil || *n == 0 {
		return def
	}
	return time.Duration(*n) * unitLength[unit]
}

// unitsOf returns the units in which a client's settings count; those left out are hours, and days for refresh tokens (APP-008).
func unitsOf(set *UserPoolClientType) TokenValidityUnitsType {
	var units TokenValidityUnitsType
	if set.TokenValidityUnits != nil {
		units = *set.TokenValidityUnits
	}
	units.AccessToken = cmp.Or(units.AccessToken, TimeUnitsTypeHours)
	units.IdToken = cmp.Or(units.IdToken, TimeUnitsTypeHours)
	units.RefreshToken = cmp.Or(units.RefreshToken, TimeUnitsTypeDays)
	return units
}

var unitLength = map[TimeUnitsType]time.Duration{
	TimeUnitsTypeSeconds: time.Second, TimeUnitsTypeMinutes: time.Minute,
	TimeUnitsTypeHours: time.Hour, TimeUnitsTypeDays: 24 * time.Hour,
}

// allows reports whether the client has switched a flow on, under any of the switch's names (AUTH-133…136).
func (c *clientRecord) allows(names ...ExplicitAuthFlowsType) bool {
	flows := c.Settings.ExplicitAuthFlows
	if len(flows) == 0 {
		flows = []ExplicitAuthFlowsType{
			ExplicitAuthFlowsTypeAllowUserSrpAuth, ExplicitAuthFlowsTypeAllowCustomAuth, ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		}
	}
	if !strings.HasPrefix(string(flows[0]), "ALLOW_") { // legacy values only add to what is always on (AUTH-134)
		always := []ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowCustomAuth, ExplicitAuthFlowsTypeAllowRefreshTokenAuth}
		if slices.Contains(flows, ExplicitAuthFlowsTypeCustomAuthFlowOnly) { // whatever stands beside it
			flows = always
		} else {
			flows = append(append(always, ExplicitAuthFlowsTypeAllowUserSrpAuth), flows...)
		}
	}
	return slices.ContainsFunc(names, func(n ExplicitAuthFlowsType) bool { return slices.Contains(flows, n) })
}

// flowSwitch is which client switches allow a flow, under their present and their legacy names, and what a client without
// them answers (AUTH-140).
type flowSwitch struct {
	names   []ExplicitAuthFlowsType
	refusal string
}

var (
	switchAdminPassword = flowSwitch{
		[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, ExplicitAuthFlowsTypeAdminNoSrpAuth},
		"Auth flow not enabled for this client",
	}
	switchRefresh = flowSwitch{[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowRefreshTokenAuth}, "Auth flow not enabled for this client"}
	flowSwitches  = map[AuthFlowType]flowSwitch{
		AuthFlowTypeUserPasswordAuth: {
			[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowUserPasswordAuth, ExplicitAuthFlowsTypeUserPasswordAuth},
			"USER_PASSWORD_AUTH flow not enabled for this client",
		},
		AuthFlowTypeUserSrpAuth: {
			[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowUserSrpAuth}, "USER_SRP_AUTH is not enabled for the client.",
		},
		AuthFlowTypeCustomAuth: {
			[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowCustomAuth}, "CUSTOM_AUTH is not enabled for the client.",
		},
		AuthFlowTypeUserAuth: {
			[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowUserAuth}, "USER_AUTH flow not enabled for this client",
		},
		AuthFlowTypeAdminUserPasswordAuth: switchAdminPassword,
		AuthFlowTypeAdminNoSrpAuth:        switchAdminPassword,
		AuthFlowTypeRefreshTokenAuth:      switchRefresh,
		AuthFlowTypeRefreshToken:          switchRefresh,
	}
)

// allowsFlow refuses a flow that the client has not switched on, or that the pool's plan has no longer (AUTH-271).
func (sc scope) allowsFlow(flow AuthFlowType) error {
	f := flowSwitches[flow]
	if !sc.client.allows(f.names...) || flow == AuthFlowTypeUserAuth && !sc.pool.hasTier(UserPoolTierTypeEssentials) {
		return ErrInvalidParameter.New(f.refusal)
	}
	return nil
}
