package pebble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// Sizes of the engine. The engine itself starts with a memtable of 256 KiB and doubles it up to memTableSize, so that an
// empty store opens at once.
const (
	defaultCacheSize = 64 << 20
	memTableSize     = 16 << 20
	maxMemTables     = 4  // more than the engine's 2: a commit would wait for a flush while it holds the writer lock
	bloomBits        = 10 // per key; one absent key in a hundred still costs a block
)

// engineFormat is fixed, so that a newer engine does not raise the format on disk behind its users' back.
const engineFormat = pebble.FormatValueSeparation

// options returns what the engine runs with.
func options(cfg Config, files *fence, log engineLog) *pebble.Options {
	comparer := *pebble.DefaultComparer
	comparer.FormatKey = func(key []byte) fmt.Formatter { return sealedKey(len(key)) }
	o := &pebble.Options{
		FS:                          files,
		CacheSize:                   cfg.CacheSize,
		Comparer:                    &comparer,
		FormatMajorVersion:          engineFormat,
		Logger:                      log,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: maxMemTables,
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { log.warn("background work failed", "err", err) },
			DataCorruption:  func(info pebble.DataCorruptionInfo) { log.Fatalf("damaged file: %s", info) },
			WriteStallBegin: func(info pebble.WriteStallBeginInfo) { log.warn("writers wait for the disk", "reason", info.Reason) },
		},
	}
	// Filters on the last level too: an insert asks for keys that are absent.
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// sealedKey prints a key as its length: keys carry names and addresses of people, and logs must not.
type sealedKey int

func (n sealedKey) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "key of %d bytes", int(n)) }

// engineLog is the engine's log. What the engine calls fatal, and would end the process for, trips the failure instead.
type engineLog struct {
	log     *slog.Logger
	failure *failure
}

func (l engineLog) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

func (l engineLog) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

func (l engineLog) Fatalf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.failure.trip(errors.New(text))
	l.log.Error("pebble: " + text)
}

func (l engineLog) warn(text string, args ...any) { l.log.Warn("pebble: "+text, args...) }
