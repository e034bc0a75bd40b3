package userpool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// regionless are the operations that are about no pool that they name: they work in every Region (NEW-286).
var regionless = strings.Fields("CreateUserPool ListUserPools DescribeUserPoolDomain GetProvisionedLimit UpdateProvisionedLimit")

// closed reports whether the error says that an operation does not work at this replica.
func closed(err error) bool {
	e, ok := errors.AsType[*awsapi.Error](err)
	return ok && e.Code == userpool.ErrOperationNotEnabled && strings.HasSuffix(e.Message, " in this Region.")
}

// NEW-186, NEW-201…206, NEW-212: all operations at the primary and at a secondary in each state, by the lists of the specification.
func TestOperationsAtReplicas(t *testing.T) {
	t.Parallel()
	both := slices.Concat(specList(t, "NEW-202"), specList(t, "NEW-203"))
	active := specList(t, "NEW-204")
	if len(both) != 30+10 || len(active) != 16 {
		t.Fatalf("the specification lists %d and %d operations", len(both), len(active))
	}
	describing := []string{"DescribeUserPool", "ListUserPoolReplicas", "ListUserPools"}
	base := twoRegions(t)
	base.user("ada")
	access := base.signIn("ada").AccessToken
	home, away := base.about("us-east-1", access), base.about(secondRegion, access)
	for _, state := range []userpool.ReplicaStatusType{"", "CREATING", "INACTIVE", "ACTIVE", "DELETING"} {
		there := base.fork(t)
		if state != "" {
			there.bring(state)
		}
		for _, op := range userpool.Operations() {
			p := there.fork(t) // operations change things
			if err := p.away.invoke(away, op.Name); state == "" && !slices.Contains(regionless, op.Name) {
				if e, ok := errors.AsType[*awsapi.Error](err); !ok || e.Code != userpool.ErrResourceNotFound {
					t.Errorf("%s where there is no replica: %v", op.Name, err)
				}
			} else {
				works := slices.Contains(regionless, op.Name)
				switch state {
				case "":
				case "ACTIVE":
					works = works || slices.Contains(both, op.Name) || slices.Contains(active, op.Name)
				case "INACTIVE":
					works = works || slices.Contains(both, op.Name)
				default:
					works = works || slices.Contains(describing, op.Name)
				}
				if closed(err) == works {
					t.Errorf("%s at %s: %v", op.Name, state, err)
				}
			}
			if err := p.invoke(home, op.Name); closed(err) {
				t.Errorf("%s at the primary: %v", op.Name, err)
			}
		}
	}
}

// NEW-186, NEW-193, NEW-212: an active replica signs users in, and knows tokens and users of the primary at once, as the primary knows its
// own; the other state ends it, also for a sign-in under
// way, and leads nobody elsewhere.
func TestSignInAtReplica(t *testing.T) {
	t.Parallel()
	p := twoRegions(t, updatedIssuer)
	p.user("ada", "email", "ada@example.com")
	p.bring(userpool.ReplicaStatusTypeActive)
	home, away := p.signIn("ada"), p.away.signIn("ada")
	if a, b := claimsOf(t, home.AccessToken)["iss"], claimsOf(t, away.AccessToken)["iss"]; a != b || a != "https://issuer-cognito-idp.us-east-1.amazonaws.com/"+p.pool {
		t.Errorf("NEW-242: issued by %v and %v", a, b)
	}
	for _, from := range []app{p.app, p.away} {
		for _, tokens := range []*userpool.AuthenticationResultType{home, away} {
			if _, err := from.getUser(tokens.AccessToken); err != nil {
				t.Error(err)
			}
			if _, err := from.refresh(tokens.RefreshToken); err != nil {
				t.Error(err)
			}
			if _, err := from.Verifier(p.pool).Verify(t.Context(), tokens.AccessToken); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := p.away.ChangePassword(t.Context(), &userpool.ChangePasswordInput{AccessToken: away.AccessToken, PreviousPassword: password, ProposedPassword: another})
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	begun, err := p.away.srpStart("ada", password)
	check(t, err)
	_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeInactive)
	check(t, err)
	_, err = p.away.RespondToAuthChallenge(t.Context(), begun)
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	_, err = p.away.getUser(home.AccessToken)
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	_, err = p.away.tryPassword("ada", password)
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	p.signIn("ada")
}

// NEW-192 (as decided): guesses at a password count over all Regions.
func TestC3_GuessesCountInAllRegions(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	p.user("ada")
	p.bring(userpool.ReplicaStatusTypeActive)
	for i := range 6 {
		from := p.app
		if i%2 == 1 {
			from = p.away
		}
		_, err := from.tryPassword("ada", "wrong-Password-1")
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
	for _, from := range []app{p.app, p.away} {
		_, err := from.tryPassword("ada", password)
		refused(t, err, userpool.ErrNotAuthorized, "Password attempts exceeded")
	}
}

// NEW-209, NEW-211: what would change the user is refused at a secondary and goes on at the primary; nobody is migrated, and nobody
// learns that nobody has the name.
func TestPrimaryChallenges(t *testing.T) {
	t.Parallel()
	asked := false
	p := twoRegions(t, lambdas(userpool.LambdaConfigType{UserMigration: trigger.ARN("migrate")}))
	on(p.bench, "migrate", func(context.Context, trigger.UserMigrationEvent) (trigger.UserMigrationResponse, error) {
		asked = true
		return trigger.UserMigrationResponse{}, nil
	})
	p.newcomer("ada")
	p.bring(userpool.ReplicaStatusTypeActive)
	out, err := p.away.tryPassword("ada", password)
	check(t, err)
	_, err = p.away.respond(out.ChallengeName, out.Session, "USERNAME", "ada", "NEW_PASSWORD", another)
	refused(t, err, userpool.ErrOperationNotEnabled, "NEW_PASSWORD_REQUIRED is not enabled for user pool "+p.pool+" in this Region.")
	_, err = p.respond(out.ChallengeName, out.Session, "USERNAME", "ada", "NEW_PASSWORD", another)
	check(t, err)
	for _, challenge := range []userpool.ChallengeNameType{"SOFTWARE_TOKEN_MFA", "MFA_SETUP"} {
		_, err = p.away.respond(challenge, strings.Repeat("x", 40), "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", "123456")
		refused(t, err, userpool.ErrOperationNotEnabled, string(challenge)+" is not enabled for user pool "+p.pool+" in this Region.")
	}
	_, err = p.away.tryPassword("grace", password)
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	if asked {
		t.Error("the function was asked")
	}
	if _, err = p.tryPassword("grace", password); err == nil || !asked {
		t.Errorf("at the primary: %v, asked %t", err, asked)
	}
}

// NEW-209, NEW-211: a software token is registered and asked for at the primary only, also within a sign-in, whose session is good
// in both Regions.
func TestSoftwareTokensAtReplica(t *testing.T) {
	t.Parallel()
	p := twoRegions(t)
	p.user("ada")
	p.user("bob")
	p.mfa(mfaOptional, totpMFA)
	k := p.token("ada")
	p.mfa(mfaOn, totpMFA)
	p.bring(userpool.ReplicaStatusTypeActive)

	asked, err := p.away.tryPassword("ada", password)
	check(t, err)
	_, err = p.away.respond(totpMFA, asked.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	done, err := p.respond(totpMFA, asked.Session, "USERNAME", "ada", "SOFTWARE_TOKEN_MFA_CODE", k.code(0))
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Error("no tokens at the primary")
	}

	begun := p.challenge("bob", setupMFA)
	in := &userpool.AssociateSoftwareTokenInput{Session: begun.Session}
	_, err = p.away.AssociateSoftwareToken(t.Context(), in)
	refused(t, err, userpool.ErrOperationNotEnabled, "")
	_, err = p.AssociateSoftwareToken(t.Context(), in)
	check(t, err)
}
