package userpool

import (
	"cmp"
	"fmt"
	"slices"
)

// acrInTokens is the one switch of the claims acr and amr: off, tokens do not tell how somebody signed in (NEW-098, NEW-102).
const acrInTokens = true

// acrLevels is what the four levels ask for, from the lowest up: all methods of one row (NEW-081…085). Methods are in the order in
// which they are proven.
var acrLevels = [4][][]string{
	{{methodPassword}},
	{{methodSMS}, {methodEmail}},
	{{methodPlatform}, {methodRoaming}, {methodPassword, methodSMS}, {methodPassword, methodEmail}},
	{{methodPassword, methodTOTP}},
}

// levelOf returns the highest level that the methods fully satisfy, from 1, or 0 for none (NEW-086, NEW-087).
func levelOf(methods []string) int {
	for i, rows := range slices.Backward(acrLevels[:]) {
		for _, row := range rows {
			if len(without(row, methods)) == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// without returns what row has and methods have not.
func without(row, methods []string) []string {
	var out []string
	for _, m := range row {
		if !slices.Contains(methods, m) {
			out = append(out, m)
		}
	}
	return out
}

// methodMany is what the amr claim ends with after two or more distinct methods (NEW-094).
const methodMany = "mfa"

// amrOf returns the methods as the amr claim has them: each once, in the order of completion (NEW-096).
func amrOf(methods []string) []string {
	var out []string
	for _, m := range methods {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(out) > 1 {
		out = append(out, methodMany)
	}
	return out
}

// authClaims returns acr and amr for a completed sign-in (NEW-097, NEW-098). They are stored with the token family: a refresh copies
// them, whatever the pool says by then (NEW-099).
func (p *poolRecord) authClaims(methods []string) (acr string, amr []string) {
	if !acrInTokens || !p.hasTier(UserPoolTierTypeEssentials) {
		return "", nil
	}
	if level := levelOf(methods); level > 0 {
		acr = p.acrName(level)
	}
	return acr, amrOf(methods)
}

// acrKey is one of the four keys that there are; the model's texts refuse others (NEW-109, unconfirmed).
func acrKey(level int) string     { return fmt.Sprintf("Level%d", level) }
func acrDefault(level int) string { return fmt.Sprintf("urn:cognito:loa:%d", level) }

// acrName returns the name that a level has in the pool (NEW-103).
func (p *poolRecord) acrName(level int) string { return acrNameIn(&p.Settings, level) }

func acrNameIn(set *UserPoolType, level int) string {
	return cmp.Or(set.AcrConfiguration[acrKey(level)].AcrValue, acrDefault(level))
}

// acrLevelNamed returns the level of a name in force, or 0.
func (p *poolRecord) acrLevelNamed(name string) int {
	for level := 1; level <= len(acrLevels); level++ {
		if p.acrName(level) == name {
			return level
		}
	}
	return 0
}

// acrInForce are the names of all levels, which is what a pool tells (NEW-104).
func acrInForce(set *UserPoolType) map[string]AcrLevelConfigType {
	out := make(map[string]AcrLevelConfigType, len(acrLevels))
	for level := 1; level <= len(acrLevels); level++ {
		out[acrKey(level)] = AcrLevelConfigType{AcrValue: acrNameIn(set, level)}
	}
	return out
}

// checkACR refuses two levels of one name, defaults included (NEW-106; unconfirmed text).
func checkACR(set *UserPoolType) error {
	seen := map[string]bool{}
	for level := 1; level <= len(acrLevels); level++ {
		name := acrNameIn(set, level)
		if seen[name] {
			return ErrInvalidParameter.Newf("AcrConfiguration has two levels with the value %s.", name)
		}
		seen[name] = true
	}
	return nil
}

// asksACRNames reports whether a level has another name than its own (NEW-107).
func asksACRNames(set *UserPoolType) bool {
	for level := 1; level <= len(acrLevels); level++ {
		if acrNameIn(set, level) != acrDefault(level) {
			return true
		}
	}
	return false
}
