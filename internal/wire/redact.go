package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

const redacted = "[redacted]"

// Redact renders a struct for logs: its type's name and the members that are set, sensitive ones without their value.
func Redact(shape *Shape, v any) string {
	var b strings.Builder
	writeRedacted(&b, shape, reflect.ValueOf(v), false)
	return b.String()
}

func writeRedacted(b *strings.Builder, shape *Shape, v reflect.Value, secret bool) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if secret || shape.Sensitive || shape.Secret {
		b.WriteString(redacted)
		return
	}
	switch shape.Kind {
	case Structure:
		b.WriteString(v.Type().Name())
		b.WriteByte('{')
		first := true
		for i := range shape.Members {
			m, field := &shape.Members[i], v.Field(i)
			if field.IsZero() {
				continue
			}
			if !first {
				b.WriteByte(' ')
			}
			first = false
			b.WriteString(m.Name)
			b.WriteByte(':')
			writeRedacted(b, m.Shape, field, m.Secret)
		}
		b.WriteByte('}')
	case List:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeRedacted(b, shape.Elem, v.Index(i), false)
		}
		b.WriteByte(']')
	case Map:
		b.WriteString("map[")
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		for i, key := range keys {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeRedacted(b, shape.Key, key, false)
			b.WriteByte(':')
			writeRedacted(b, shape.Elem, v.MapIndex(key), false)
		}
		b.WriteByte(']')
	case Blob, Document:
		fmt.Fprintf(b, "%d bytes", v.Len())
	case Timestamp:
		b.WriteString(v.Interface().(time.Time).UTC().Format(time.RFC3339Nano))
	case String:
		b.WriteString(strconv.Quote(v.String()))
	default:
		fmt.Fprint(b, v.Interface())
	}
}
