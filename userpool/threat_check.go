package userpool

import (
	"slices"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/message"
)

// actionOrder has what can follow a risk from the mildest to the hardest (AUTH-558).
var actionOrder = []AccountTakeoverEventActionType{
	AccountTakeoverEventActionTypeNoAction, AccountTakeoverEventActionTypeMfaIfConfigured,
	AccountTakeoverEventActionTypeMfaRequired, AccountTakeoverEventActionTypeBlock,
}

// checkRisk refuses a risk configuration that contradicts itself or that nobody could carry out (AUTH-558, AUTH-562, AUTH-567).
// The texts are unconfirmed.
func (s *Service) checkRisk(p *poolRecord, r *RiskConfigurationType) error {
	if e := r.RiskExceptionConfiguration; e != nil {
		for _, text := range slices.Concat(e.BlockedIPRangeList, e.SkippedIPRangeList) {
			if _, ok := parseRange(text); !ok {
				return ErrInvalidParameter.Newf("%q is not an IP address range in CIDR notation.", text)
			}
		}
	}
	a := r.AccountTakeoverRiskConfiguration
	if a == nil {
		return nil
	}
	hardest := 0
	for _, level := range []*AccountTakeoverActionType{a.Actions.LowAction, a.Actions.MediumAction, a.Actions.HighAction} {
		at := 0 // a missing level is NO_ACTION
		if level != nil {
			at = slices.Index(actionOrder, level.EventAction)
		}
		if at < hardest {
			return ErrInvalidParameter.New("The action for a risk level cannot be milder than the action for a lower one.")
		}
		hardest = at
	}
	if a.NotifyConfiguration == nil {
		return nil
	}
	return s.checkNotices(p, a.NotifyConfiguration)
}

// checkNotices checks from whom notices come and whether they say anything.
func (s *Service) checkNotices(p *poolRecord, n *NotifyConfigurationType) error {
	for _, part := range []struct {
		member string
		text   *NotifyEmailType
	}{{"BlockEmail", n.BlockEmail}, {"MfaEmail", n.MfaEmail}, {"NoActionEmail", n.NoActionEmail}} {
		if part.text != nil && part.text.HtmlBody == "" && part.text.TextBody == "" {
			return ErrInvalidParameter.Newf("%s must have an HtmlBody or a TextBody.", part.member)
		}
	}
	switch {
	case n.From != "" && message.CheckFrom(n.From) != nil:
		return ErrInvalidParameter.New("From must be an email address, or a name with an email address in angle brackets.")
	case n.ReplyTo != "" && !ident.IsEmail(n.ReplyTo):
		return ErrInvalidParameter.New("ReplyTo must be an email address.")
	}
	if region := arnPart(n.SourceArn, 3); region != s.cfg.region && !slices.Contains(sesRegions, region) {
		return ErrInvalidParameter.Newf("Emails cannot be sent through %s.", n.SourceArn)
	}
	if !s.delivers(p, DeliveryMediumTypeEmail) {
		return errCodeDeliveryFailure
	}
	return nil
}
