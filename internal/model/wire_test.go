package model_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/model"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a value of a shape with every member set: the JSON text, and the same as Go data for fill.
func sample(m *model.Model, shape string) (text string, data any) {
	s := m.Shapes[shape]
	switch s.Type {
	case "structure":
		if s.Document {
			return `{"any":["thing",1.5]}`, json.RawMessage(`{"any":["thing",1.5]}`)
		}
		var b bytes.Buffer
		var list []any
		for i, name := range s.Members.Keys {
			text, data := sample(m, s.Members.Map[name].Shape)
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", name, text)
			list = append(list, data)
		}
		return "{" + b.String() + "}", list
	case "list":
		text, data := sample(m, s.Member.Shape)
		return "[" + text + "]", []any{data}
	case "map":
		text, data := sample(m, s.Value.Shape)
		return `{"key":` + text + "}", map[string]any{"key": data}
	case "boolean":
		return "true", true
	case "integer", "long":
		return "7", 7
	case "timestamp":
		return "1612345678.125", time.UnixMilli(1612345678125).UTC()
	case "blob":
		return `"` + base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff}) + `"`, []byte{0xfb, 0xff}
	}
	if len(s.Enum) > 0 {
		return fmt.Sprintf("%q", s.Enum[0]), s.Enum[0]
	}
	return `"<` + shape + ` & \"é\">"`, "<" + shape + ` & "é">`
}

// fill sets v to a sample's data: the fields of a struct in the order of the members.
func fill(t *testing.T, v reflect.Value, data any) {
	t.Helper()
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch d := data.(type) {
	case []any:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(t, v.Index(0), d[0])
			return
		}
		if v.NumField() != len(d) {
			t.Fatalf("%s has %d fields, the model %d members", v.Type(), v.NumField(), len(d))
		}
		for i := range d {
			fill(t, v.Field(i), d[i])
		}
	case map[string]any:
		elem := reflect.New(v.Type().Elem()).Elem()
		fill(t, elem, d["key"])
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), elem)
	case nil:
	default:
		v.Set(reflect.ValueOf(data).Convert(v.Type()))
	}
}

// Every operation's bytes, with every member set, in both directions: a request becomes the struct that the model says,
// and a struct becomes the answer that the model says, member for member and in its order. The texts are kept in
// testdata, so that a change of the wire shows in a review.
func TestWireOfEveryOperation(t *testing.T) {
	t.Parallel()
	intercept := func(ctx context.Context, c *awsapi.Call, _ awsapi.Next) (any, error) {
		return ctx.Value(exchangeKey{}).(*exchange).answer(c)
	}
	eachService(t, intercept, func(t *testing.T, m *model.Model, s server) {
		var golden bytes.Buffer
		for _, name := range m.Operations.Keys {
			op := m.Operations.Map[name]
			inType, outType := types(s, name)
			x := &exchange{want: reflect.New(inType), out: reflect.New(outType)}
			request, data := sample(m, op.Input.Shape)
			fill(t, x.want.Elem(), data)
			response := ""
			if op.Output.Shape != "" {
				response, data = sample(m, op.Output.Shape)
				fill(t, x.out.Elem(), data)
			}
			got, err := s.Invoke(context.WithValue(t.Context(), exchangeKey{}, x), name, []byte(request))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if string(got) != response {
				t.Errorf("%s\ngot  %s\nwant %s", name, got, response)
			}
			fmt.Fprintf(&golden, "%s\n  request  %s\n  response %s\n", name, request, response)
		}
		compare(t, filepath.Join("testdata", m.Metadata.EndpointPrefix+".golden"), golden.Bytes())
	})
}

type exchangeKey struct{}

// exchange is what one call should see and get.
type exchange struct{ want, out reflect.Value }

func (x *exchange) answer(c *awsapi.Call) (any, error) {
	if !reflect.DeepEqual(c.Input, x.want.Interface()) {
		return nil, errors.New("decoded another input than the model says")
	}
	return x.out.Interface(), nil
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; run the test with -update and look at the difference", file)
	}
}
