package userpool

import (
	"context"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// The bounds of tags (TAG-002).
const (
	maxTags     = 50
	maxTagKey   = 128 // characters
	maxTagValue = 256
)

// TagResource adds tags to a pool; a key that the pool has gets the new value (TAG-001).
func (s *Service) TagResource(ctx context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	return call(ctx, s, opTagResource, in, s.tagResource)
}

func (s *Service) tagResource(ctx context.Context, in *TagResourceInput) (*TagResourceOutput, error) {
	err := s.changeTags(ctx, in.ResourceArn, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
	return &TagResourceOutput{}, err
}

// UntagResource removes tags from a pool. Keys that the pool does not have are ignored (TAG-001).
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceInput) (*UntagResourceOutput, error) {
	return call(ctx, s, opUntagResource, in, s.untagResource)
}

func (s *Service) untagResource(ctx context.Context, in *UntagResourceInput) (*UntagResourceOutput, error) {
	err := s.changeTags(ctx, in.ResourceArn, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
	return &UntagResourceOutput{}, err
}

// ListTagsForResource returns the tags of a pool (TAG-001).
func (s *Service) ListTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	return call(ctx, s, opListTagsForResource, in, s.listTagsForResource)
}

func (s *Service) listTagsForResource(ctx context.Context, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	id, err := s.taggedPool(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	sc, err := s.byPool(ctx, s.store.Read, id, "")
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(s.here(sc.pool).Settings.UserPoolTags)
	if tags == nil {
		tags = map[string]string{}
	}
	return &ListTagsForResourceOutput{Tags: tags}, nil
}

// changeTags changes a copy of the tags of a pool and stores it. The pool does not count as modified.
func (s *Service) changeTags(ctx context.Context, arn string, change func(tags map[string]string)) error {
	id, err := s.taggedPool(arn)
	if err != nil {
		return err
	}
	return s.changePool(ctx, id, func(_ *store.Tx, p *poolRecord) error {
		tags := maps.Clone(s.here(p).Settings.UserPoolTags)
		if tags == nil {
			tags = map[string]string{}
		}
		change(tags)
		if s.secondary(p) { // its replica's (NEW-185)
			r := *p.Replica
			r.Tags, p.Replica = tags, &r
		} else {
			p.Settings.UserPoolTags = tags
		}
		return checkTags(ErrInvalidParameter, tags)
	})
}

// taggedPool returns the id in the ARN of a pool. ARNs of other services are refused; those of other accounts and regions name
// nothing that exists here (TAG-005).
func (s *Service) taggedPool(arn string) (string, error) {
	id, ok := strings.CutPrefix(arnPart(arn, 5), "userpool/")
	switch {
	case !ok || id == "" || arnPart(arn, 2) != "cognito-idp": // unconfirmed text
		return "", ErrInvalidParameter.Newf("%s is not the ARN of a user pool.", arn)
	case arn != s.poolARN(id):
		return "", errPoolNotFound(id)
	}
	return id, nil
}

// checkTags checks a whole set of tags. The code differs between operations; the texts are unconfirmed (TAG-002).
func checkTags(code awsapi.Code, tags map[string]string) error {
	if len(tags) > maxTags {
		return code.Newf("A user pool cannot have more than %d tags.", maxTags)
	}
	for key, value := range tags {
		switch n := utf8.RuneCountInString(key); {
		case n == 0 || n > maxTagKey || strings.ContainsFunc(key, notInTags):
			return code.New("Tag keys have 1 to 128 letters, digits, spaces and characters of _.:/=+-@.")
		case len(key) >= 4 && strings.EqualFold(key[:4], "aws:"):
			return code.New("Tag keys that begin with aws: are reserved.")
		case utf8.RuneCountInString(value) > maxTagValue || strings.ContainsFunc(value, notInTags):
			return code.New("Tag values have up to 256 letters, digits, spaces and characters of _.:/=+-@.")
		}
	}
	return nil
}

func notInTags(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != ' ' && !strings.ContainsRune("_.:/=+-@", r)
}
