package trigger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// decodeAnswer reads the response member of a function's answer (TRG-007, TRG-025). Member names count exactly as they are
// written, as they do for AWS: encoding/json would take autoconfirmuser for autoConfirmUser.
func decodeAnswer[Resp any](answer []byte) (Resp, error) {
	var response, none Resp
	var event map[string]json.RawMessage
	if err := json.Unmarshal(answer, &event); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return none, notJSON(fmt.Errorf("%d bytes", len(answer)))
		}
		return none, unrecognizable(err)
	}
	if done, err := decodeFlat(event["response"], &response); done || err != nil {
		return response, err
	}
	var tree map[string]any
	if err := unmarshal(event["response"], &tree); err != nil {
		return none, unrecognizable(err)
	}
	if tree == nil {
		return none, unrecognizable(errors.New("response is null"))
	}
	dropInexact(tree, reflect.TypeFor[Resp]())
	raw, err := json.Marshal(tree)
	if err != nil {
		return none, unrecognizable(err)
	}
	if err := unmarshal(raw, &response); err != nil {
		return none, unrecognizable(err)
	}
	return response, nil
}

// decodeFlat decodes a response whose members are all fields of Resp by their exact names and hold nothing that has names of its own.
// That is most of them, and needs no tree. It returns false for any other, and has decoded nothing then.
func decodeFlat[Resp any](raw json.RawMessage, response *Resp) (bool, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return false, nil
	}
	fields := make(map[int]json.RawMessage, len(members))
	for f := range reflect.TypeFor[Resp]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if member, ok := members[name]; ok && isFlat(f.Type) {
			fields[f.Index[0]] = member
		}
	}
	if len(fields) < len(members) {
		return false, nil
	}
	v := reflect.ValueOf(response).Elem()
	for i, member := range fields {
		if err := json.Unmarshal(member, v.Field(i).Addr().Interface()); err != nil {
			*response = *new(Resp)
			return true, unrecognizable(err)
		}
	}
	return true, nil
}

// isFlat reports whether a value of the type is text, a truth value, or a map of texts.
func isFlat(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || t == reflect.TypeFor[map[string]string]()
}

// unmarshal keeps numbers as they are written.
func unmarshal(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// dropInexact removes from a decoded object the members that t does not have under exactly this name.
func dropInexact(v any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	object, ok := v.(map[string]any)
	if !ok || t.Kind() != reflect.Struct {
		return
	}
	fields := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f.Type
	}
	for name, member := range object {
		if ft, ok := fields[name]; ok {
			dropInexact(member, ft)
		} else {
			delete(object, name)
		}
	}
}
