package userpool

import (
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// userFilter is the one comparison that a filter of ListUsers consists of (USR-072).
type userFilter struct {
	name   string // "" is no filter
	prefix bool   // ^= instead of =
	value  string
}

var errFilter = ErrInvalidParameter.New("Error while parsing filter.")

// parseUserFilter parses a filter (USR-072…076):
//
//	filter = [ blanks name [ blanks ] ( "=" | "^=" ) [ blanks ] value [ blanks ] ]
//	value  = '"' *( any character but '"' and '\' | '\"' | '\\' ) '"'
//
// The empty text is no filter.
func parseUserFilter(text string) (userFilter, error) {
	if text == "" {
		return userFilter{}, nil
	}
	var f userFilter
	rest := skipBlanks(text)
	end := strings.IndexFunc(rest, func(r rune) bool { return strings.ContainsRune(filterBlanks+`=^"\`, r) })
	if end <= 0 {
		return f, errFilter
	}
	f.name, rest = rest[:end], skipBlanks(rest[end:])
	rest, f.prefix = strings.CutPrefix(rest, "^")
	rest, ok := strings.CutPrefix(rest, "=")
	if !ok {
		return f, errFilter
	}
	if rest, ok = strings.CutPrefix(skipBlanks(rest), `"`); !ok {
		return f, errFilter
	}
	if f.value, rest, ok = quoted(rest); !ok || skipBlanks(rest) != "" {
		return f, errFilter
	}
	if f.name != "username" && f.name != "sub" && f.name != "status" && f.name != "cognito:user_status" && !slices.Contains(searchable, f.name) {
		return f, ErrInvalidParameter.Newf("Invalid search attribute: %s", f.name)
	}
	return f, nil
}

const filterBlanks = " \t\r\n"

func skipBlanks(s string) string { return strings.TrimLeft(s, filterBlanks) }

// quoted reads up to the closing quotation mark and returns what is before it, unescaped, and what is behind it.
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// query returns the range of users that a filter names, and whether there can be any. It is always one range of one index, so
// that its cost does not depend on how many users the pool has.
func (f userFilter) query(p *poolRecord) (q store.Query, possible bool) {
	in := func(index, value string, above ...string) (store.Query, bool) {
		if f.prefix {
			return store.Query{Index: index, Value: above, Prefix: value}, true
		}
		return store.Query{Index: index, Value: append(above, value), Exact: true}, value != "" // USR-077
	}
	switch f.name {
	case "":
		return store.Query{}, true
	case "username": // the stored one, never an alias (USR-080)
		if p.Naming.attributeNames() {
			return in("", f.value)
		}
		return in(indexUsername, f.value)
	case "sub":
		return in("", ident.Fold(f.value, false))
	case "status":
		return in(indexState, f.value)
	case "cognito:user_status": // the statuses are upper case
		return in(indexStatus, strings.ToUpper(f.value))
	}
	return in(indexAttribute, ident.Fold(f.value, false), f.name)
}

// matches decides for a user whom the range holds: an index keeps only the beginning of a very long value.
func (f userFilter) matches(u *userRecord) bool {
	if !slices.Contains(searchable, f.name) {
		return true
	}
	has, want := ident.Fold(u.Attributes[f.name], false), ident.Fold(f.value, false)
	return f.prefix && strings.HasPrefix(has, want) || has == want
}
