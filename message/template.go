package message

import (
	"html"
	"strings"
)

// Format says what a template's text becomes part of.
type Format int

// The formats.
const (
	Plain Format = iota // SMS, subjects, plain bodies: values as they are
	HTML                // e-mail bodies: values are escaped
)

// Values are what placeholders stand for. A placeholder whose value is empty stays in the text as it is, and so do all
// other braces (MSG-001).
type Values struct {
	Code     string // {####}: a code or a temporary password
	Username string // {username}
	Link     string // {##text##}: the address that the text leads to
	// Facts are the values of a threat-protection notice by placeholder without braces; of other names than MSG-011's
	// nothing is replaced. An empty value counts.
	Facts map[string]string
}

const (
	codePlaceholder     = "{####}"
	usernamePlaceholder = "{username}"
	linkStart           = "{##"
	linkEnd             = "##}"
)

// isFact holds the placeholders of threat-protection notices, without username (MSG-011).
func isFact(name string) bool {
	switch name {
	case "ip-address", "city", "country", "login-time", "device-name", "one-click-link-valid", "one-click-link-invalid",
		"event-id", "feedback-token":
		return true
	}
	return false
}

// Render replaces every placeholder of a template, in one pass, so that a user name of "{####}" stays one. Templates are
// the pool administrator's and may hold tags; values come from outside and are escaped in HTML (MSG-037). In HTML a link
// placeholder becomes an anchor with its text, elsewhere the text followed by the address.
func Render(template string, format Format, v Values) string {
	value := func(s string) string { return s }
	if format == HTML {
		value = html.EscapeString
	}
	var out strings.Builder
	for {
		brace := strings.IndexByte(template, '{')
		if brace < 0 {
			out.WriteString(template)
			return out.String()
		}
		out.WriteString(template[:brace])
		template = template[brace:]

		if rest, ok := strings.CutPrefix(template, codePlaceholder); ok {
			template = rest
			if v.Code == "" {
				out.WriteString(codePlaceholder)
			} else {
				out.WriteString(value(v.Code))
			}
			continue
		}
		if text, rest, ok := cutLink(template); ok && v.Link != "" {
			template = rest
			if format == HTML {
				out.WriteString(`<a href="` + html.EscapeString(v.Link) + `">` + text + `</a>`)
			} else {
				out.WriteString(text + " " + v.Link)
			}
			continue
		}
		if s, rest, ok := v.cutNamed(template); ok {
			template = rest
			out.WriteString(value(s))
			continue
		}
		out.WriteByte('{')
		template = template[1:]
	}
}

// cutLink splits "{##text##}rest"; the text is not empty and has no braces.
func cutLink(s string) (text, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, linkStart)
	if !ok {
		return "", "", false
	}
	brace := strings.IndexAny(s, "{}")
	if brace < 0 || s[brace] == '{' {
		return "", "", false
	}
	text, ok = strings.CutSuffix(s[:brace], "##")
	return text, s[brace+1:], ok && text != ""
}

// cutNamed returns the value of the named placeholder that s begins with.
func (v Values) cutNamed(s string) (value, rest string, ok bool) {
	const longest = len("{one-click-link-invalid}")
	end := strings.IndexByte(s[:min(len(s), longest)], '}')
	if end < 0 {
		return "", "", false
	}
	name, rest := s[1:end], s[end+1:]
	if s[:end+1] == usernamePlaceholder {
		return v.Username, rest, v.Username != ""
	}
	value, ok = v.Facts[name]
	return value, rest, ok && isFact(name)
}
