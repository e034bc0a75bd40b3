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
	if !json.Valid(answer) {
		return none, notJSON(fmt.Errorf("%d bytes", len(answer)))
	}
	var event map[string]json.RawMessage
	if err := json.Unmarshal(answer, &event); err != nil {
		return none, unrecognizable(err)
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
