package userpool

import "slices"

// unavailableClientSettings are the settings of a client that do nothing in this version. Whoever asks for one is refused:
// a setting that is stored is one that works. Values that switch nothing on are accepted.
var unavailableClientSettings = []struct {
	member string
	asked  func(c *UserPoolClientType) bool
}{
	{"AllowedOAuthFlowsUserPoolClient", func(c *UserPoolClientType) bool { return isTrue(c.AllowedOAuthFlowsUserPoolClient) }},
	{"AllowedOAuthFlows", func(c *UserPoolClientType) bool { return len(c.AllowedOAuthFlows) > 0 }},
	{"AllowedOAuthScopes", asksScopes},
	{"CallbackURLs", func(c *UserPoolClientType) bool { return len(c.CallbackURLs) > 0 }},
	{"LogoutURLs", func(c *UserPoolClientType) bool { return len(c.LogoutURLs) > 0 }},
	{"DefaultRedirectURI", func(c *UserPoolClientType) bool { return c.DefaultRedirectURI != "" }},
	{"AnalyticsConfiguration", func(c *UserPoolClientType) bool { return c.AnalyticsConfiguration != nil }},
}

func asksFlow(flow ExplicitAuthFlowsType) func(*UserPoolClientType) bool {
	return func(c *UserPoolClientType) bool { return slices.Contains(c.ExplicitAuthFlows, flow) }
}

// asksScopes reports whether scopes are asked for that no token would have: only the tokens that clients get for themselves have
// scopes of a client's choice, and those are the scopes of resource servers (NEW-143).
func asksScopes(c *UserPoolClientType) bool {
	return len(c.AllowedOAuthScopes) > 0 && !asksFlow(ExplicitAuthFlowsTypeAllowClientTokenAuth)(c) ||
		slices.ContainsFunc(c.AllowedOAuthScopes, isSystemScope)
}

// checkClientAvailable refuses the settings that do nothing in this version.
func checkClientAvailable(c *UserPoolClientType) error {
	for _, u := range unavailableClientSettings {
		if u.asked(c) {
			return ErrInvalidParameter.Newf("%s is not available in this version of cenote.", u.member)
		}
	}
	return nil
}
