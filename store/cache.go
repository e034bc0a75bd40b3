package store

import (
	"bytes"
	"sync"

	"github.com/cenote-auth/cenote/store/driver"
)

// maxCached bounds the decoded records that a store keeps. When it is reached the cache starts anew.
const maxCached = 10_000

// cache keeps decoded records. It is never trusted to be fresh: an entry counts only for the version and the very bytes that
// were read in the same snapshot as everything else (H4). Bytes, because a store that was restored deals versions again.
type cache struct {
	mu      sync.RWMutex
	entries map[cacheKey]cacheEntry
	checks  bool // that nobody changes what is shared
}

type cacheKey struct{ kind, key string }

type cacheEntry struct {
	version int64
	data    []byte
	value   any
}

func (c *cache) get(kind string, rec driver.Record) (any, bool) {
	c.mu.RLock()
	e, ok := c.entries[cacheKey{kind, rec.Key}]
	c.mu.RUnlock()
	if !ok || e.version != rec.Version || !bytes.Equal(e.data, rec.Data) {
		return nil, false
	}
	return e.value, true
}

func (c *cache) put(kind string, rec driver.Record, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= maxCached {
		c.entries = make(map[cacheKey]cacheEntry)
	}
	c.entries[cacheKey{kind, rec.Key}] = cacheEntry{rec.Version, rec.Data, v}
}
