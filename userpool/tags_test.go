package userpool_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// arn is the ARN of the app's pool.
func (a app) arn() string { return "arn:aws:cognito-idp:us-east-1:123456789012:userpool/" + a.pool }

// tagged returns the tags of the app's pool, which ListTagsForResource and DescribeUserPool tell alike.
func (a app) tagged() map[string]string {
	a.t.Helper()
	out, err := a.ListTagsForResource(a.t.Context(), &userpool.ListTagsForResourceInput{ResourceArn: a.arn()})
	check(a.t, err)
	if described := a.poolOf(a.pool).UserPoolTags; !maps.Equal(out.Tags, described) {
		a.t.Errorf("listed %v, described %v", out.Tags, described)
	}
	return out.Tags
}

func (a app) tag(arn string, tags map[string]string) error {
	_, err := a.TagResource(a.t.Context(), &userpool.TagResourceInput{ResourceArn: arn, Tags: tags})
	return err
}

// TAG-001, TAG-002: tags are added, overwritten and removed; keys are case-sensitive and absent ones ignored.
func TestTags(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tags("stage", "test"))
	other := a.app()
	check(t, a.tag(a.arn(), map[string]string{"stage": "live", "Stage": "", "cost center": "a_b.c:d/e=f+g-h@i ö"}))
	want := map[string]string{"stage": "live", "Stage": "", "cost center": "a_b.c:d/e=f+g-h@i ö"}
	if got := a.tagged(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	_, err := a.UntagResource(t.Context(), &userpool.UntagResourceInput{ResourceArn: a.arn(), TagKeys: []string{"stage", "none"}})
	check(t, err)
	delete(want, "stage")
	if got := a.tagged(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got := other.tagged(); got == nil || len(got) != 0 {
		t.Errorf("the other pool has %v", got)
	}
}

// TAG-002: what no tag may be; a refused call changes nothing.
func TestTagRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tags("stage", "test"))
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint("k", i)] = ""
	}
	for name, tags := range map[string]map[string]string{
		"reserved":        {"aws:cost": "1"},
		"reserved, upper": {"AWS:cost": "1"},
		"character":       {"a;b": "1"},
		"line break":      {"a\nb": "1"},
		"long key":        {strings.Repeat("k", 129): "1"},
		"no key":          {"": "1"},
		"long value":      {"k": strings.Repeat("v", 257)},
		"odd value":       {"k": "<b>"},
		"51 with the one": many,
	} {
		t.Run(name, func(t *testing.T) {
			all := maps.Clone(tags)
			all["fine"] = "1"
			refused(t, a.tag(a.arn(), all), userpool.ErrInvalidParameter, "")
		})
	}
	if got := a.tagged(); !maps.Equal(got, map[string]string{"stage": "test"}) {
		t.Errorf("refused calls left %v", got)
	}
	delete(many, "k49")
	check(t, a.tag(a.arn(), many))
	check(t, a.tag(a.arn(), map[string]string{"k1": strings.Repeat("v", 256), "stage": "live"}))
	refused(t, a.tag(a.arn(), map[string]string{"one": "more"}), userpool.ErrInvalidParameter, "")
	if n := len(a.tagged()); n != 50 {
		t.Errorf("%d tags", n)
	}
}

// TAG-005: only ARNs of pools of this installation name something.
func TestTaggedResource(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tags("stage", "test"))
	gone := a.app()
	_, err := a.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: gone.pool})
	check(t, err)
	notFound, invalid := userpool.ErrResourceNotFound, userpool.ErrInvalidParameter
	for name, tt := range map[string]struct {
		arn  string
		code awsapi.Code
	}{
		"unknown":       {"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Unknown01", notFound},
		"deleted":       {gone.arn(), notFound},
		"other region":  {strings.Replace(a.arn(), "us-east-1:", "eu-west-1:", 1), notFound},
		"other account": {strings.Replace(a.arn(), "123456789012", "210987654321", 1), notFound},
		"not an ARN":    {"userpool/" + a.pool + "-and-more", invalid},
		"short":         {"arn:aws", invalid},
		"other service": {strings.Replace(a.arn(), "cognito-idp", "cognito-identity", 1), invalid},
		"other kind":    {strings.Replace(a.arn(), "userpool/", "identitypool/", 1), invalid},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, a.tag(tt.arn, map[string]string{"k": "v"}), tt.code, "")
			_, err := a.UntagResource(t.Context(), &userpool.UntagResourceInput{ResourceArn: tt.arn, TagKeys: []string{"stage"}})
			refused(t, err, tt.code, "")
			_, err = a.ListTagsForResource(t.Context(), &userpool.ListTagsForResourceInput{ResourceArn: tt.arn})
			refused(t, err, tt.code, "")
		})
	}
	if got := a.tagged(); got["stage"] != "test" || len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
