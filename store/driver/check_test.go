package driver_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

// TestCheck checks what every driver takes and refuses alike, at the bounds and beyond.
func TestCheck(t *testing.T) {
	t.Parallel()
	text := func(n int) string { return strings.Repeat("x", n) }
	entries := func(n int) []driver.Entry {
		return slices.Repeat([]driver.Entry{{Index: "i", Value: text(driver.MaxValue)}}, n)
	}
	largest := driver.Record{
		Kind: "k", Key: text(driver.MaxValue), Version: math.MaxInt64 - 1, Data: make([]byte, driver.MaxData), Index: entries(driver.MaxEntries),
	}
	if err := largest.Check(); err != nil {
		t.Errorf("the largest record: %v", err)
	}
	for name, rec := range map[string]driver.Record{
		"data":          {Kind: "k", Data: make([]byte, driver.MaxData+1)},
		"key":           {Kind: "k", Key: text(driver.MaxValue + 1)},
		"value":         {Kind: "k", Index: []driver.Entry{{Index: "i", Value: text(driver.MaxValue + 1)}}},
		"entries":       {Kind: "k", Index: entries(driver.MaxEntries + 1)},
		"unnamed index": {Kind: "k", Index: []driver.Entry{{Value: "v"}}},
		"version":       {Kind: "k", Version: -1},
		"last version":  {Kind: "k", Version: math.MaxInt64},
	} {
		if err := rec.Check(); err == nil || !strings.HasPrefix(err.Error(), "k: ") || len(err.Error()) > 100 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
