package userpool

import (
	"context"
	"errors"
	"strings"

	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
)

// tokenCustomization is what a pre token generation function wants changed. The zero value changes nothing.
type tokenCustomization struct {
	id, access token.Overrides
	groups     *groupClaims // replaces what the groups say
}

// adminScope is the scope of every sign-in by the API (AUTH-499).
const adminScope = "aws.cognito.signin.user.admin"

// preTokenGeneration asks the pool's function what the tokens shall say, in the version that the pool names (TRG-080…093).
func (s *Service) preTokenGeneration(ctx context.Context, in signIn, u *userRecord, list []*groupRecord) (*tokenCustomization, error) {
	l := in.pool.lambda()
	arn, version := l.PreTokenGeneration, PreTokenGenerationLambdaVersionTypeV10
	if c := l.PreTokenGenerationConfig; c != nil {
		arn, version = c.LambdaArn, c.LambdaVersion
	}
	if arn == "" {
		return &tokenCustomization{}, nil
	}
	sc := in.scope
	sc.user = u
	g := claimsOfGroups(list)
	config := trigger.GroupConfiguration{GroupsToOverride: g.names, IAMRolesToOverride: g.roles}
	if g.preferred != "" {
		config.PreferredRole = &g.preferred
	}
	if version == PreTokenGenerationLambdaVersionTypeV10 {
		event := trigger.PreTokenGenerationEvent{TriggerSource: in.tokenSource(), Request: trigger.PreTokenGenerationRequest{
			UserAttributes: sc.triggerAttributes(), GroupConfiguration: config, ClientMetadata: in.metadata,
		}}
		s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
		answer, err := trigger.Run(ctx, s.triggers, arn, event)
		if err != nil {
			return nil, err
		}
		return customizeV1(answer.ClaimsOverrideDetails), nil
	}
	event := trigger.PreTokenGenerationV2Event{
		Version: trigger.Version2, TriggerSource: in.tokenSource(), Request: trigger.PreTokenGenerationV2Request{
			UserAttributes: sc.triggerAttributes(), Scopes: []string{adminScope}, GroupConfiguration: config, ClientMetadata: in.metadata,
		},
	}
	if version == PreTokenGenerationLambdaVersionTypeV30 {
		event.Version = trigger.Version3
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	answer, err := trigger.Run(ctx, s.triggers, arn, event)
	if err != nil {
		return nil, err
	}
	return customizeV2(answer.ClaimsAndScopeOverrideDetails), nil
}

// customizeV1 changes the ID token only, except for groups, which are in both (TRG-083).
func customizeV1(d *trigger.ClaimsOverrideDetails) *tokenCustomization {
	c := &tokenCustomization{}
	if d == nil {
		return c
	}
	c.id.Set = make(map[string]any, len(d.ClaimsToAddOrOverride))
	for name, v := range d.ClaimsToAddOrOverride {
		c.id.Set[name] = v
	}
	c.id.Suppress = d.ClaimsToSuppress
	c.finish(d.GroupOverrideDetails)
	return c
}

func customizeV2(d *trigger.ClaimsAndScopeOverrideDetails) *tokenCustomization {
	c := &tokenCustomization{}
	if d == nil {
		return c
	}
	if t := d.IDTokenGeneration; t != nil {
		c.id.Set, c.id.Suppress = t.ClaimsToAddOrOverride, t.ClaimsToSuppress
	}
	if t := d.AccessTokenGeneration; t != nil {
		c.access = token.Overrides{
			Set: t.ClaimsToAddOrOverride, Suppress: t.ClaimsToSuppress, AddScopes: t.ScopesToAdd, SuppressScopes: t.ScopesToSuppress,
		}
	}
	c.finish(d.GroupOverrideDetails)
	return c
}

// blamed lays a token that became too long on the function, if it changed anything: its answer cannot be used (TRG-091).
func (c *tokenCustomization) blamed(err error) error {
	changed := len(c.id.Set)+len(c.access.Set)+len(c.access.AddScopes) > 0 || c.groups != nil
	if changed && errors.Is(err, token.ErrTooLong) {
		return errUnrecognizableAnswer.With(err)
	}
	return err
}

// finish reads the group override, none of which changes nothing (AUTH-508, unconfirmed), and makes the claims of groups unreachable
// in any other way (TRG-087, TRG-089).
func (c *tokenCustomization) finish(d trigger.GroupOverrideDetails) {
	if d.Returned {
		c.groups = &groupClaims{names: d.GroupsToOverride, roles: d.IAMRolesToOverride}
		if d.PreferredRole != nil {
			c.groups.preferred = *d.PreferredRole
		}
	}
	for _, o := range []*token.Overrides{&c.id, &c.access} {
		for name := range o.Set {
			if strings.HasPrefix(name, "cognito:") {
				delete(o.Set, name)
			}
		}
		var keep []string
		for _, name := range o.Suppress {
			switch {
			case name == "cognito:groups":
				keep = append(keep, name, "cognito:roles", "cognito:preferred_role")
			case !strings.HasPrefix(name, "cognito:"):
				keep = append(keep, name)
			}
		}
		o.Suppress = keep
	}
}
