package userpool

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/internal/ident"
)

// schemaPrefix begins the text of every failure against the schema (ATTR-034).
const schemaPrefix = "Attributes did not conform to the schema: "

// attributeMap turns a list into a map. Naming an attribute twice is refused (ERR-049).
func attributeMap(list []AttributeType) (map[string]string, error) {
	out := make(map[string]string, len(list))
	for _, a := range list {
		if _, twice := out[a.Name]; twice {
			return nil, ErrInvalidParameter.Newf("Duplicate attribute name: %s", a.Name)
		}
		out[a.Name] = a.Value
	}
	return out, nil
}

// attributeList turns attributes into the list that operations answer, sub first, then by name.
func attributeList(sub string, m map[string]string) []AttributeType {
	out := make([]AttributeType, 0, len(m)+1)
	out = append(out, AttributeType{Name: "sub", Value: sub})
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, AttributeType{Name: name, Value: m[name]})
	}
	return out
}

// checkNew checks attributes of somebody who is made, by a client or, with signed, by an administrator, and normalises their
// values in place. Nothing is required here: see missingAttributes.
func (p *poolRecord) checkNew(attrs map[string]string, signed bool) error {
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if !signed && reserved(name) { // AUTH-099
			return errUnauthorizedWrite
		}
		if name == "sub" || name == "identities" || strings.HasPrefix(name, "cognito:") {
			return ErrNotAuthorized.Newf("Cannot modify the non-mutable attribute %s", name)
		}
		a := p.attribute(name)
		if a == nil { // ATTR-035
			return ErrInvalidParameter.Newf(schemaPrefix+"Type for attribute {%s} could not be determined", name)
		}
		if !signed && isTrue(a.DeveloperOnlyAttribute) { // ATTR-011
			return errUnauthorizedWrite
		}
		if err := checkValue(a, name, attrs); err != nil {
			return err
		}
	}
	return checkVerifiedFlags(attrs, attrs)
}

// checkChange checks attributes that somebody gets who exists, and normalises their values in place. An empty value deletes
// (ATTR-040).
func (p *poolRecord) checkChange(u *userRecord, attrs map[string]string, signed bool) error {
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if !signed && reserved(name) {
			return errUnauthorizedWrite
		}
		a := p.attribute(name)
		switch {
		case a == nil:
			return ErrInvalidParameter.Newf("user.%s: Attribute does not exist in the schema.", name)
		case !signed && isTrue(a.DeveloperOnlyAttribute):
			return errUnauthorizedWrite
		case name == "sub" || name == "identities" || !isTrue(a.Mutable): // ATTR-037
			return ErrInvalidParameter.Newf("user.%s: Attribute cannot be updated. (changing an immutable attribute)", name)
		case attrs[name] == "" && isTrue(a.Required): // USR-037
			return ErrInvalidParameter.Newf("user.%s: Required attribute cannot be deleted.", name)
		case attrs[name] == "" && p.namedBy(name):
			return ErrInvalidParameter.Newf("user.%s: Attribute names the user and cannot be deleted.", name)
		case attrs[name] == "":
			continue
		}
		if err := checkValue(a, name, attrs); err != nil {
			return err
		}
	}
	after := cloneMap(u.Attributes)
	maps.Copy(after, attrs)
	return checkVerifiedFlags(attrs, after)
}

// reserved reports whether only an administrator or the service itself writes the attribute (AUTH-099).
func reserved(name string) bool {
	switch name {
	case "sub", "identities", "email_verified", "phone_number_verified":
		return true
	}
	return strings.HasPrefix(name, "cognito:")
}

// namedBy reports whether the pool's users are named by that attribute alone.
func (p *poolRecord) namedBy(attribute string) bool {
	return attribute == "email" && p.Naming&(nameIsEmail|nameIsPhone) == nameIsEmail ||
		attribute == "phone_number" && p.Naming&(nameIsEmail|nameIsPhone) == nameIsPhone
}

// checkVerifiedFlags refuses to say that an address is or is not verified where there is none (ATTR-038).
func checkVerifiedFlags(given, after map[string]string) error {
	if _, ok := given["email_verified"]; ok && after["email"] == "" {
		return ErrInvalidParameter.New("Email is required to verify/un-verify an email")
	}
	if _, ok := given["phone_number_verified"]; ok && after["phone_number"] == "" {
		return ErrInvalidParameter.New("Phone Number is required to verify/un-verify a phone number")
	}
	return nil
}

// checkValue checks one value against its schema entry and brings it to its stored form in attrs (ATTR-030…033).
func checkValue(a *SchemaAttributeType, name string, attrs map[string]string) error {
	v := attrs[name]
	switch {
	case name == "phone_number" && v != "" && !ident.IsPhone(v):
		return ErrInvalidParameter.New("Invalid phone number format.")
	case name == "email" && v != "" && !ident.IsEmail(v):
		return ErrInvalidParameter.New("Invalid email address format.")
	}
	bad := func(why string) error {
		return ErrInvalidParameter.Newf(schemaPrefix+"%s: %s\n", name, why)
	}
	if utf8.RuneCountInString(v) > maxStringAttribute { // the map of a challenge's answers has no bound in the model (ATTR-030)
		return bad("String is longer than the maximum length of " + strconv.Itoa(maxStringAttribute))
	}
	switch a.AttributeDataType {
	case AttributeDataTypeBoolean:
		b := strings.ToLower(v)
		if b != "true" && b != "false" {
			return bad("Invalid value for a Boolean attribute")
		}
		attrs[name] = b
	case AttributeDataTypeNumber:
		n, ok := new(big.Int).SetString(v, 10)
		if !ok || len(v) > 40 {
			return bad("Invalid value for a Number attribute")
		}
		if c := a.NumberAttributeConstraints; c != nil && !inRange(n, c) {
			return bad("Attribute value is out of range")
		}
	default: // String; DateTime has no form that is enforced (ATTR-032)
		if c := a.StringAttributeConstraints; c != nil {
			n := utf8.RuneCountInString(v)
			low, high, _ := bounds(c.MinLength, c.MaxLength)
			if c.MinLength != "" && uint64(n) < low {
				return bad("String is shorter than the minimum length of " + strconv.FormatUint(low, 10))
			}
			if c.MaxLength != "" && uint64(n) > high {
				return bad("String is longer than the maximum length of " + strconv.FormatUint(high, 10))
			}
		}
	}
	return nil
}

func inRange(n *big.Int, c *NumberAttributeConstraintsType) bool {
	if low, ok := new(big.Int).SetString(c.MinValue, 10); ok && n.Cmp(low) < 0 {
		return false
	}
	high, ok := new(big.Int).SetString(c.MaxValue, 10)
	return !ok || n.Cmp(high) <= 0
}

// missingAttributes returns the required attributes that have no value, by name; the name of a user counts as the address
// that it is.
func (p *poolRecord) missingAttributes(attrs map[string]string) []string {
	var out []string
	for _, a := range p.Schema {
		if isTrue(a.Required) && a.Name != "sub" && attrs[a.Name] == "" {
			out = append(out, a.Name)
		}
	}
	slices.Sort(out)
	return out
}

// errRequired tells which required attributes are missing (ATTR-034).
func errRequired(missing []string) error {
	var b strings.Builder
	for _, name := range missing {
		path := name
		if name == "name" || name == "address" {
			path += ".formatted"
			b.WriteString(path + ": The attribute " + path + " is required\n")
			continue
		}
		b.WriteString(path + ": The attribute is required\n")
	}
	return ErrInvalidParameter.New(schemaPrefix + b.String())
}

// checkWritable refuses attributes that the client may not write (ATTR-039). Required ones are always writable at sign-up;
// a client without a list writes everything that is not reserved.
func (p *poolRecord) checkWritable(c *clientRecord, attrs map[string]string, signUp bool) error {
	if c == nil || c.Settings.WriteAttributes == nil {
		return nil
	}
	for name := range attrs {
		if slices.Contains(c.Settings.WriteAttributes, name) {
			continue
		}
		if a := p.attribute(name); signUp && a != nil && isTrue(a.Required) {
			continue
		}
		return errUnauthorizedWrite
	}
	return nil
}

// readable returns the attributes that the client may read (ATTR-041). Without a list it reads everything; what is for
// developers only is read-only to clients, not hidden from them (ATTR-011).
func (p *poolRecord) readable(c *clientRecord, attrs map[string]string) map[string]string {
	out := make(map[string]string, len(attrs))
	for name, v := range attrs {
		if c.Settings.ReadAttributes == nil || slices.Contains(c.Settings.ReadAttributes, name) {
			out[name] = v
		}
	}
	return out
}

// setAttributes applies checked values to a user: an empty one deletes, a new address is not verified unless the same call
// says so (ATTR-040, ATTR-050).
func (u *userRecord) setAttributes(attrs map[string]string) {
	if u.Attributes == nil {
		u.Attributes = make(map[string]string, len(attrs))
	}
	for _, address := range []string{"email", "phone_number"} {
		v, given := attrs[address]
		if !given || v == u.Attributes[address] {
			continue
		}
		delete(u.Pending, address)
		delete(u.Attributes, address+"_verified")
		if v != "" {
			u.Attributes[address+"_verified"] = "false"
		}
	}
	for name, v := range attrs {
		if v == "" {
			delete(u.Attributes, name)
		} else {
			u.Attributes[name] = v
		}
	}
}
