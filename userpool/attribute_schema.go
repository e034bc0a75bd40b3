package userpool

import (
	"strconv"
	"strings"
)

// standardAttribute returns the schema entry of an attribute that every pool has (ATTR-001).
func standardAttribute(name string, kind AttributeDataType, minLength, maxLength string) SchemaAttributeType {
	a := SchemaAttributeType{
		Name: name, AttributeDataType: kind,
		DeveloperOnlyAttribute: new(false), Mutable: new(true), Required: new(false),
	}
	if kind == AttributeDataTypeString {
		a.StringAttributeConstraints = &StringAttributeConstraintsType{MinLength: minLength, MaxLength: maxLength}
	}
	return a
}

// standardSchema returns the attributes that every new pool has (ATTR-001).
func standardSchema() []SchemaAttributeType {
	sub := standardAttribute("sub", AttributeDataTypeString, "1", "2048")
	sub.Mutable, sub.Required = new(false), new(true)
	out := []SchemaAttributeType{sub}
	for _, name := range []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
	} {
		out = append(out, standardAttribute(name, AttributeDataTypeString, "0", "2048"))
	}
	out = append(out, standardAttribute("email_verified", AttributeDataTypeBoolean, "", ""))
	out = append(out, standardAttribute("gender", AttributeDataTypeString, "0", "2048"))
	out = append(out, standardAttribute("birthdate", AttributeDataTypeString, "10", "10"))
	for _, name := range []string{"zoneinfo", "locale", "phone_number"} {
		out = append(out, standardAttribute(name, AttributeDataTypeString, "0", "2048"))
	}
	out = append(out, standardAttribute("phone_number_verified", AttributeDataTypeBoolean, "", ""))
	out = append(out, standardAttribute("address", AttributeDataTypeString, "0", "2048"))
	updated := standardAttribute("updated_at", AttributeDataTypeNumber, "", "")
	updated.NumberAttributeConstraints = &NumberAttributeConstraintsType{MinValue: "0"}
	identities := standardAttribute("identities", AttributeDataTypeString, "", "")
	return append(out, updated, identities)
}

// configurable are the standard attributes that Schema may make required, immutable or tighter (ATTR-003).
var configurable = map[string]bool{
	"address": true, "birthdate": true, "email": true, "family_name": true, "gender": true, "given_name": true, "locale": true,
	"middle_name": true, "name": true, "nickname": true, "phone_number": true, "picture": true, "preferred_username": true,
	"profile": true, "updated_at": true, "website": true, "zoneinfo": true,
}

const (
	maxCustomAttributes = 50   // ATTR-019
	maxStringAttribute  = 2048 // ATTR-016
)

// newSchema returns the schema of a new pool: the standard attributes, changed and added to by the request (ATTR-003…016).
func newSchema(in []SchemaAttributeType) ([]SchemaAttributeType, error) {
	schema := standardSchema()
	var custom []SchemaAttributeType
	seen := map[string]bool{}
	for _, a := range in {
		if a.Name == "sub" { // ATTR-006
			return nil, ErrInvalidParameter.New("sub is a reserved attribute and cannot be redefined.")
		}
		if !configurable[a.Name] {
			custom = append(custom, a)
			continue
		}
		if seen[a.Name] {
			return nil, ErrInvalidParameter.Newf("%s: Existing attribute already has name %s.", a.Name, a.Name)
		}
		seen[a.Name] = true
		for i := range schema {
			if schema[i].Name != a.Name {
				continue
			}
			if a.AttributeDataType != "" && a.AttributeDataType != schema[i].AttributeDataType || isTrue(a.DeveloperOnlyAttribute) {
				return nil, ErrInvalidParameter.Newf( // ATTR-005
					"You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
			}
			if err := mergeStandard(&schema[i], a); err != nil {
				return nil, err
			}
		}
	}
	return addCustom(schema, custom)
}

func mergeStandard(to *SchemaAttributeType, a SchemaAttributeType) error {
	a.AttributeDataType = to.AttributeDataType
	if err := checkConstraints(a.Name, &a); err != nil {
		return err
	}
	if a.Required != nil {
		to.Required = a.Required
	}
	if a.Mutable != nil {
		to.Mutable = a.Mutable
	}
	if a.StringAttributeConstraints != nil {
		to.StringAttributeConstraints = a.StringAttributeConstraints
	}
	if a.NumberAttributeConstraints != nil {
		to.NumberAttributeConstraints = a.NumberAttributeConstraints
	}
	return nil
}

// addCustom returns the schema with custom attributes added: all of them or none (ATTR-010…019).
func addCustom(schema, in []SchemaAttributeType) ([]SchemaAttributeType, error) {
	out := append([]SchemaAttributeType(nil), schema...)
	for _, a := range in {
		name := "custom:" + a.Name
		if isTrue(a.DeveloperOnlyAttribute) {
			name = "dev:" + name // ATTR-011
		}
		switch {
		case a.Name == "": // unconfirmed text: the model requires no name
			return nil, ErrInvalidParameter.New("Attribute name must not be empty.")
		case a.AttributeDataType == "":
			return nil, ErrInvalidParameter.New("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
		case isTrue(a.Required):
			return nil, ErrInvalidParameter.New("Required custom attributes are not supported currently.")
		}
		for _, have := range out {
			if strings.TrimPrefix(have.Name, "dev:") == "custom:"+a.Name { // ATTR-018
				return nil, ErrInvalidParameter.Newf("custom:%s: Existing attribute already has name %s.", a.Name, have.Name)
			}
		}
		if err := checkConstraints(a.Name, &a); err != nil {
			return nil, err
		}
		a.Name = name
		a.DeveloperOnlyAttribute = new(isTrue(a.DeveloperOnlyAttribute))
		a.Mutable = new(a.Mutable == nil || *a.Mutable) // ATTR-014
		a.Required = new(false)
		if a.AttributeDataType == AttributeDataTypeString && a.StringAttributeConstraints == nil { // ATTR-015
			a.StringAttributeConstraints = &StringAttributeConstraintsType{}
		}
		out = append(out, a)
	}
	n := 0
	for _, a := range out {
		if isCustom(a.Name) {
			n++
		}
	}
	if n > maxCustomAttributes {
		return nil, ErrInvalidParameter.Newf("Number of custom attributes exceeds the limit of %d.", maxCustomAttributes)
	}
	return out, nil
}

// isCustom reports whether an attribute was added to the standard ones.
func isCustom(name string) bool {
	return strings.HasPrefix(name, "custom:") || strings.HasPrefix(name, "dev:")
}

// checkConstraints checks the bounds of an attribute and drops those of another type than its own (ATTR-015…017).
func checkConstraints(name string, a *SchemaAttributeType) error {
	if a.AttributeDataType != AttributeDataTypeString {
		a.StringAttributeConstraints = nil
	}
	if a.AttributeDataType != AttributeDataTypeNumber {
		a.NumberAttributeConstraints = nil
	}
	if c := a.StringAttributeConstraints; c != nil {
		low, high, ok := bounds(c.MinLength, c.MaxLength)
		switch {
		case !ok:
			return ErrInvalidParameter.Newf("Invalid StringAttributeConstraints for schema attribute %s", name)
		case low > maxStringAttribute || high > maxStringAttribute:
			return ErrInvalidParameter.Newf("user.%s: String attributes cannot have a length of more than %d", name, maxStringAttribute)
		case c.MinLength != "" && c.MaxLength != "" && low > high:
			return ErrInvalidParameter.Newf("user.%s: Max length cannot be less than min length.", name)
		}
	}
	if c := a.NumberAttributeConstraints; c != nil {
		low, high, ok := bounds(c.MinValue, c.MaxValue)
		switch {
		case !ok:
			return ErrInvalidParameter.Newf("Invalid NumberAttributeConstraints for schema attribute %s", name)
		case c.MinValue != "" && c.MaxValue != "" && low > high:
			return ErrInvalidParameter.Newf("user.%s: Max value cannot be less than min value.", name)
		}
	}
	return nil
}

// bounds parses two limits, each a non-negative integer or "".
func bounds(low, high string) (l, h uint64, ok bool) {
	for _, b := range []struct {
		text string
		to   *uint64
	}{{low, &l}, {high, &h}} {
		if b.text == "" {
			continue
		}
		n, err := strconv.ParseUint(b.text, 10, 63)
		if err != nil {
			return 0, 0, false
		}
		*b.to = n
	}
	return l, h, true
}

func isTrue(b *bool) bool { return b != nil && *b }

// attribute returns the pool's schema entry of that name, or nil.
func (p *poolRecord) attribute(name string) *SchemaAttributeType {
	for i := range p.Schema {
		if p.Schema[i].Name == name {
			return &p.Schema[i]
		}
	}
	return nil
}
