package userpool

// unavailablePoolSettings are the settings of a pool that do nothing in this version. Whoever asks for one is refused, as with
// clients. Texts that only a refused feature sends are accepted: they are told back, and AWS as well has no use for them
// without the feature.
var unavailablePoolSettings = []struct {
	member string
	asked  func(p *UserPoolType) bool
}{
	{"DcrConfiguration", asksRegistration},
	{"VerificationMessageTemplate.DefaultEmailOption CONFIRM_WITH_LINK", func(p *UserPoolType) bool {
		return p.VerificationMessageTemplate.DefaultEmailOption == DefaultEmailOptionTypeConfirmWithLink
	}},
	{"LambdaConfig.InboundFederation", func(p *UserPoolType) bool { return p.LambdaConfig.InboundFederation != nil }},
}

// checkPoolAvailable refuses the settings that do nothing in this version.
func checkPoolAvailable(p *UserPoolType) error {
	for _, u := range unavailablePoolSettings {
		if u.asked(p) {
			return ErrInvalidParameter.Newf("%s is not available in this version of cenote.", u.member)
		}
	}
	return nil
}
