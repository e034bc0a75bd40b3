package userpool

import (
	"context"
	"maps"

	"github.com/cenote-auth/cenote/trigger"
)

// lambda returns the pool's functions; a pool without any has the empty configuration.
func (p *poolRecord) lambda() LambdaConfigType {
	if p.Settings.LambdaConfig == nil {
		return LambdaConfigType{}
	}
	return *p.Settings.LambdaConfig
}

// fillEvent fills in what every event says (TRG-002…004).
func (s *Service) fillEvent(region, poolID, userName *string, caller *trigger.CallerContext, sc scope) {
	*region, *poolID = s.cfg.region, sc.pool.id()
	if sc.user != nil {
		*userName = sc.user.name()
	} else {
		*userName = sc.name
	}
	if sc.client != nil {
		caller.ClientID = sc.client.id()
	}
}

// triggerAttributes is the user as functions see him: the whole profile (TRG-005).
func (sc scope) triggerAttributes() trigger.Attributes {
	if sc.user == nil {
		return trigger.Attributes{}
	}
	out := trigger.Attributes{"sub": sc.user.Sub, "cognito:user_status": string(sc.user.Status)}
	maps.Copy(out, sc.user.Attributes)
	if sc.user.Naming.has(aliasEmail) && sc.user.verified("email") {
		out["cognito:email_alias"] = sc.user.Attributes["email"]
	}
	if sc.user.Naming.has(aliasPhone) && sc.user.verified("phone_number") {
		out["cognito:phone_number_alias"] = sc.user.Attributes["phone_number"]
	}
	return out
}

// preSignUp asks the pool's function whether somebody may be made (TRG-040…045). sc.user is the user to be; the event shows
// only the attributes of the request.
func (s *Service) preSignUp(ctx context.Context, sc scope, source trigger.Source, attrs, validation, metadata map[string]string) (trigger.PreSignUpResponse, error) {
	arn := sc.pool.lambda().PreSignUp
	if arn == "" {
		return trigger.PreSignUpResponse{}, nil
	}
	if len(validation) == 0 {
		validation = nil // unset members are null (TRG-006)
	}
	event := trigger.PreSignUpEvent{TriggerSource: source, Request: trigger.PreSignUpRequest{
		UserAttributes: attrs, ValidationData: validation, ClientMetadata: metadata,
	}}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	return trigger.Run(ctx, s.triggers, arn, event)
}

// postConfirmation tells the pool's function that somebody was confirmed or has a new password (TRG-050). What it follows is
// committed already: a failing function does not undo it (TRG-029).
func (s *Service) postConfirmation(ctx context.Context, sc scope, source trigger.Source, metadata map[string]string) error {
	arn := sc.pool.lambda().PostConfirmation
	if arn == "" {
		return nil
	}
	event := trigger.PostConfirmationEvent{TriggerSource: source, Request: trigger.PostConfirmationRequest{
		UserAttributes: sc.triggerAttributes(), ClientMetadata: metadata,
	}}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	_, err := trigger.Run(ctx, s.triggers, arn, event)
	return err
}

// preAuthentication asks the pool's function before any proof (TRG-060, TRG-061). For names that do not exist it runs only
// where that is hidden.
func (s *Service) preAuthentication(ctx context.Context, sc scope, validation map[string]string) error {
	arn := sc.pool.lambda().PreAuthentication
	if arn == "" {
		return nil
	}
	event := trigger.PreAuthenticationEvent{TriggerSource: trigger.PreAuthenticationAuthentication}
	event.Request.UserAttributes, event.Request.ValidationData = sc.triggerAttributes(), validation
	if sc.client.hides() {
		event.Request.UserNotFound = new(sc.user == nil)
	}
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	_, err := trigger.Run(ctx, s.triggers, arn, event)
	return err
}

// postAuthentication tells the pool's function that every factor was proven (TRG-062, TRG-063).
func (s *Service) postAuthentication(ctx context.Context, in signIn, next *userRecord) error {
	arn := in.pool.lambda().PostAuthentication
	if arn == "" {
		return nil
	}
	event := trigger.PostAuthenticationEvent{TriggerSource: trigger.PostAuthenticationAuthentication}
	sc := in.scope
	sc.user = next
	event.Request.UserAttributes, event.Request.ClientMetadata = sc.triggerAttributes(), in.metadata
	event.Request.NewDeviceUsed = in.makesDevice() // AUTH-385
	s.fillEvent(&event.Region, &event.UserPoolID, &event.UserName, &event.CallerContext, sc)
	_, err := trigger.Run(ctx, s.triggers, arn, event)
	return err
}
