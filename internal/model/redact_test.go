package model_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/model"
)

const canary = "CANARY"

// planter fills structs with a canary in every sensitive place and something harmless in the others.
type planter struct {
	model   *model.Model
	overlay *model.Overlay
	service string
	planted int
}

func (p *planter) plant(v reflect.Value, shape string, sensitive bool) {
	s := p.model.Shapes[shape]
	sensitive = sensitive || s.Sensitive || slices.Contains(p.overlay.Sensitive[p.service].Shapes, shape)
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	text := "harmless"
	if sensitive {
		text = canary
	}
	switch s.Type {
	case "structure":
		if s.Document {
			v.SetBytes([]byte(`"` + text + `"`))
			break
		}
		for i, name := range s.Members.Keys {
			listed := slices.Contains(p.overlay.Sensitive[p.service].Members, shape+"."+name)
			p.plant(v.Field(i), s.Members.Map[name].Shape, sensitive || listed)
		}
		return
	case "list":
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		p.plant(v.Index(0), s.Member.Shape, sensitive)
		return
	case "map":
		elem := reflect.New(v.Type().Elem()).Elem()
		p.plant(elem, s.Value.Shape, sensitive)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(text), elem)
	case "string":
		v.SetString(text)
	case "blob":
		v.SetBytes([]byte(text))
	case "timestamp":
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	}
	if sensitive {
		p.planted++
	}
}

// No way of printing a struct shows a sensitive member, alone, in a pointer, a list, a map or another struct.
func TestH16_NoStructPrintsSensitiveMembers(t *testing.T) {
	t.Parallel()
	overlay, err := model.LoadOverlay()
	if err != nil {
		t.Fatal(err)
	}
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		p := &planter{model: m, overlay: overlay, service: m.Metadata.EndpointPrefix}
		for _, name := range m.Operations.Keys {
			op := m.Operations.Map[name]
			in, out := types(s, name)
			for shape, typ := range map[string]reflect.Type{op.Input.Shape: in, op.Output.Shape: out} {
				if shape == "" {
					continue
				}
				v := reflect.New(typ)
				p.plant(v.Elem(), shape, false)
				checkPrints(t, v)
				checkNested(t, p, m, shape, typ)
			}
		}
		if p.planted < 10 {
			t.Errorf("planted %d canaries only", p.planted)
		}
	})
}

// checkNested prints the structs inside by themselves.
func checkNested(t *testing.T, p *planter, m *model.Model, shape string, typ reflect.Type) {
	t.Helper()
	for i, name := range m.Shapes[shape].Members.Keys {
		ref, field := m.Shapes[shape].Members.Map[name].Shape, typ.Field(i).Type
		for field.Kind() == reflect.Slice && m.Shapes[ref].Member != nil {
			ref, field = m.Shapes[ref].Member.Shape, field.Elem()
		}
		if field.Kind() == reflect.Map {
			ref, field = m.Shapes[ref].Value.Shape, field.Elem()
		}
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Kind() != reflect.Struct || m.Shapes[ref].Type != "structure" {
			continue
		}
		v := reflect.New(field)
		p.plant(v.Elem(), ref, false)
		checkPrints(t, v)
		checkNested(t, p, m, ref, field)
	}
}

func checkPrints(t *testing.T, v reflect.Value) {
	t.Helper()
	one := v.Elem().Interface()
	list := reflect.MakeSlice(reflect.SliceOf(v.Type().Elem()), 0, 1)
	list = reflect.Append(list, v.Elem())
	for _, x := range []any{v.Interface(), one, list.Interface(), map[string]any{"k": one}, struct{ V any }{one}, struct{ V any }{v.Interface()}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, x); leaks(got) {
				t.Errorf("%s of %T: %s", verb, x, got)
			}
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", x)
		if leaks(b.String()) {
			t.Errorf("text log of %T: %s", x, b.String())
		}
	}
	for _, x := range []any{v.Interface(), one} {
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", x)
		if leaks(b.String()) {
			t.Errorf("JSON log of %T: %s", x, b.String())
		}
	}
}

// leaks looks for the canary in clear and in hexadecimal.
func leaks(s string) bool {
	return strings.Contains(s, canary) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", canary))
}
