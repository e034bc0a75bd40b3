package store

import (
	"bytes"
	"sync"

	"github.com/cenote-auth/cenote/store/driver"
)

// maxCached bounds the decoded records that a store keeps of each kind. When it is reached the kind starts anew: many users do not push
// out their pool and its keys.
const maxCached = 10_000

// cache keeps decoded records. It is never trusted to be fresh: an entry counts only for the version and the very bytes that
// were read in the same snapshot as everything else (H4). Bytes, because a store that was restored deals versions again.
type cache struct {
	mu      sync.RWMutex
	entries map[string]map[string]cacheEntry // by kind and key
	checks  bool                             // that nobody changes what is shared
}

type cacheEntry struct {
	version int64
	data    []byte
	value   any
}

func (c *cache) get(kind string, rec driver.Record) (any, bool) {
	c.mu.RLock()
	e, ok := c.entries[kind][rec.Key]
	c.mu.RUnlock()
	if !ok || e.version != rec.Version || !bytes.Equal(e.data, rec.Data) {
		return nil, false
	}
	return e.value, true
}

func (c *cache) put(kind string, rec driver.Record, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]map[string]cacheEntry{}
	}
	if c.entries[kind] == nil || len(c.entries[kind]) >= maxCached {
		c.entries[kind] = map[string]cacheEntry{}
	}
	c.entries[kind][rec.Key] = cacheEntry{rec.Version, rec.Data, v}
}
