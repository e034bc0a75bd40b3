package awshttp

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// route is an operation and the service that runs it.
type route struct {
	op      *awsapi.Operation
	service Service

	// Of rest-json only.
	segments []segment
	query    []awsapi.Binding
	header   []awsapi.Binding
}

// segment is a part of a URI template: a literal, or the input member that stands there.
type segment struct{ literal, member string }

func (r *route) rest() bool { return r.op.Service.Protocol == awsapi.RESTJSON }

// routes finds operations.
type routes struct {
	targets map[string]*route   // by X-Amz-Target
	paths   map[string][]*route // by method; those with more literals first
	methods string              // for preflights
}

// newRoutes builds the tables from what the services offer.
func newRoutes(services []Service) (*routes, error) {
	t := &routes{targets: map[string]*route{}, paths: map[string][]*route{}}
	for _, s := range services {
		for _, op := range s.Operations() {
			if err := t.add(s, op); err != nil {
				return nil, fmt.Errorf("awshttp: Config.Services: operation %s: %w", op.Name, err)
			}
		}
	}
	if len(t.targets) == 0 && len(t.paths) == 0 {
		return nil, errors.New("awshttp: Config.Services offers no operation")
	}
	methods := map[string]bool{}
	if len(t.targets) > 0 {
		methods[http.MethodPost] = true
	}
	for method, list := range t.paths {
		methods[method] = true
		slices.SortStableFunc(list, func(a, b *route) int { return cmp.Compare(b.literals(), a.literals()) })
	}
	var names []string
	for m := range methods {
		names = append(names, m)
	}
	slices.Sort(names)
	t.methods = strings.Join(names, ",")
	return t, nil
}

func (t *routes) add(s Service, op *awsapi.Operation) error {
	r := &route{op: op, service: s}
	switch {
	case op.Service == nil:
		return errors.New("has no service")
	case op.Service.Protocol == awsapi.JSON11:
		target := op.Service.TargetPrefix + "." + op.Name
		if t.targets[target] != nil {
			return fmt.Errorf("target %s is taken", target)
		}
		t.targets[target] = r
	case op.Service.Protocol == awsapi.RESTJSON:
		if err := r.parseTemplate(); err != nil {
			return err
		}
		for _, other := range t.paths[op.Method] {
			if r.sameShape(other) {
				return fmt.Errorf("path %s is taken by %s", op.Path, other.op.Name)
			}
		}
		t.paths[op.Method] = append(t.paths[op.Method], r)
	default:
		return fmt.Errorf("unknown protocol %q", op.Service.Protocol)
	}
	return nil
}

// parseTemplate splits "/identitypools/{IdentityPoolId}" and sorts the bindings by where they travel.
func (r *route) parseTemplate() error {
	inURI := map[string]string{}
	for _, b := range r.op.Bindings {
		switch b.Place {
		case awsapi.InURI:
			inURI[b.Name] = b.Member
		case awsapi.InQuery:
			r.query = append(r.query, b)
		case awsapi.InHeader:
			r.header = append(r.header, b)
		default:
			return fmt.Errorf("member %s travels in %q", b.Member, b.Place)
		}
	}
	path, ok := strings.CutPrefix(r.op.Path, "/")
	if !ok {
		return fmt.Errorf("path %q does not begin with a slash", r.op.Path)
	}
	for part := range strings.SplitSeq(path, "/") {
		name, isMember := strings.CutPrefix(part, "{")
		if !isMember {
			r.segments = append(r.segments, segment{literal: part})
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if inURI[name] == "" {
			return fmt.Errorf("path %q: no member is bound to %s", r.op.Path, part)
		}
		r.segments = append(r.segments, segment{member: inURI[name]})
		delete(inURI, name)
	}
	if len(inURI) > 0 {
		return fmt.Errorf("path %q lacks bound members", r.op.Path)
	}
	return nil
}

func (r *route) literals() int {
	n := 0
	for _, s := range r.segments {
		if s.member == "" {
			n++
		}
	}
	return n
}

// sameShape reports whether both templates match the same paths.
func (r *route) sameShape(other *route) bool {
	return slices.EqualFunc(r.segments, other.segments, func(a, b segment) bool { return a.literal == b.literal })
}

// find returns the route of a request, or nil. A request with a target is never taken for a rest-json one, nor one with two
// targets for either of them.
func (t *routes) find(r *http.Request) *route {
	target, ok := r.Header["X-Amz-Target"]
	if !ok {
		return t.findPath(r.Method, r.URL.EscapedPath())
	}
	if len(target) != 1 || r.Method != http.MethodPost || r.URL.Path != "/" && r.URL.Path != "" {
		return nil
	}
	return t.targets[target[0]]
}

func (t *routes) findPath(method, path string) *route {
	for _, r := range t.paths[method] {
		if r.matches(path) {
			return r
		}
	}
	return nil
}

// matches compares the escaped path with the template, segment by segment and as it is: empty and dot segments match
// nothing, so that a path means the same to everybody who looks at it.
func (r *route) matches(path string) bool {
	path, ok := strings.CutPrefix(path, "/")
	if !ok {
		return false
	}
	for i, s := range r.segments {
		part, rest, more := strings.Cut(path, "/")
		if more != (i < len(r.segments)-1) {
			return false
		}
		if s.member == "" && part != s.literal || s.member != "" && !isValue(part) {
			return false
		}
		path = rest
	}
	return true
}

// isValue reports whether a segment can stand for a member: it has a value once decoded, which is no dot segment.
func isValue(part string) bool {
	value, err := url.PathUnescape(part)
	return err == nil && value != "" && value != "." && value != ".."
}
