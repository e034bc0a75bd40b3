package userpool

import "slices"

// In a pool whose sign-ins can begin with a one-time code, users need no password (AUTH-013, AUTH-093, AUTH-094, AUTH-123).

var errNoPassword = ErrInvalidParameter.New("1 validation error detected: Value null at 'password' failed to satisfy constraint: Member must not be null")

// codeAttributes are the attributes that one-time codes go to, as first factors of the pool.
func (p *poolRecord) codeAttributes() []string {
	var out []string
	for _, f := range p.firstFactors() {
		if c := codeFactors[f]; c != nil {
			out = append(out, c.attribute)
		}
	}
	return out
}

// checkPasswordless refuses to make somebody without a password who would have no way to sign in.
func (p *poolRecord) checkPasswordless(attrs map[string]string) error {
	names := p.codeAttributes()
	switch {
	case len(names) == 0:
		return errNoPassword // AUTH-093 (unconfirmed text)
	case !slices.ContainsFunc(names, func(name string) bool { return attrs[name] != "" }):
		return errRequired(names) // AUTH-094 (unconfirmed text)
	}
	return nil
}
