package wire

import (
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode/utf8"
)

// Pattern is a regular expression of a model. It matches whole values, as AWS does (ERR-046).
type Pattern struct {
	Text string // as the model prints it, for error texts
	RE2  string // the same language for Go, where Text needs what RE2 lacks; empty means Text

	once  sync.Once
	class *charClass     // set if the pattern is one repeated character class
	re    *regexp.Regexp // set otherwise
}

// Match reports whether the whole of s matches. The pattern is compiled on first use; a pattern that does not compile
// is a defect of the tables and panics (a test compiles all of them).
func (p *Pattern) Match(s string) bool {
	p.once.Do(p.compile)
	if p.class != nil {
		return p.class.match(s)
	}
	return p.re.MatchString(s)
}

func (p *Pattern) compile() {
	text := p.RE2
	if text == "" {
		text = p.Text
	}
	if class := repeatedClass(text); class != nil {
		p.class = class
		return
	}
	p.re = regexp.MustCompile(`\A(?:` + text + `)\z`)
}

// charClass matches strings that consist of characters of one class. Most patterns of the models are such, and a loop
// over a table is some twenty times as fast as the regular expression, which matters for tokens of a few kilobytes.
type charClass struct {
	ascii    [utf8.RuneSelf]bool
	ranges   []rune // pairs, ascending, of everything
	nonEmpty bool
}

// repeatedClass returns the matcher of a pattern of the form [class]+ or [class]*, and nil for any other.
func repeatedClass(text string) *charClass {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	re = re.Simplify()
	if re.Op == syntax.OpConcat && len(re.Sub) == 3 && re.Sub[0].Op == syntax.OpBeginText && re.Sub[2].Op == syntax.OpEndText {
		re = re.Sub[1] // ^…$ says what matching whole values says already
	}
	if re.Op != syntax.OpPlus && re.Op != syntax.OpStar {
		return nil
	}
	c := &charClass{nonEmpty: re.Op == syntax.OpPlus}
	switch sub := re.Sub[0]; {
	case sub.Op == syntax.OpCharClass && sub.Flags&syntax.FoldCase == 0:
		c.ranges = sub.Rune
	case sub.Op == syntax.OpAnyChar:
		c.ranges = []rune{0, utf8.MaxRune}
	default:
		return nil
	}
	for i := 0; i < len(c.ranges); i += 2 {
		for r := c.ranges[i]; r <= c.ranges[i+1] && r < utf8.RuneSelf; r++ {
			c.ascii[r] = true
		}
	}
	return c
}

func (c *charClass) match(s string) bool {
	if s == "" {
		return !c.nonEmpty
	}
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= utf8.RuneSelf {
			return c.matchUnicode(s[i:])
		}
		if !c.ascii[b] {
			return false
		}
	}
	return true
}

func (c *charClass) matchUnicode(s string) bool {
	for _, r := range s {
		if !c.contains(r) {
			return false
		}
	}
	return true
}

// contains searches the ranges, which are sorted and disjoint.
func (c *charClass) contains(r rune) bool {
	low, high := 0, len(c.ranges)/2
	for low < high {
		mid := (low + high) / 2
		switch {
		case r < c.ranges[2*mid]:
			high = mid
		case r > c.ranges[2*mid+1]:
			low = mid + 1
		default:
			return true
		}
	}
	return false
}
