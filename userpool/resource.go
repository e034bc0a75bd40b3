package userpool

import (
	"context"
	"reflect"
	"strings"
)

// resource returns the ARN of the pool that an input is about: the one it names, that of its client if that is known, or "" .
func (s *Service) resource(_ context.Context, input any) (string, error) {
	v := reflect.ValueOf(input)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return "", nil
	}
	v = v.Elem()
	if id := text(v, "UserPoolId"); id != "" {
		return s.poolARN(id), nil
	}
	if arn := text(v, "ResourceArn"); strings.HasPrefix(arn, "arn:") {
		return arn, nil
	}
	if id := s.hints.of(text(v, "ClientId")); id != "" {
		return s.poolARN(id), nil
	}
	return "", nil
}

func text(v reflect.Value, field string) string {
	f := v.FieldByName(field)
	if !f.IsValid() || f.Kind() != reflect.String {
		return ""
	}
	return f.String()
}
