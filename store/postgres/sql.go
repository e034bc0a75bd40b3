package postgres

import (
	"fmt"
	"strings"
)

// statements are the texts of all statements, with the schema's name filled in.
type statements struct {
	begin, beginView, beginPlain, commit string
	prelude, preludeView                 string

	get         string
	put, remove string
	mark, bar   string
	last        string
	sweep       string
	forget      string
	learn       string
	allNames    string
	findName    string

	scan, count map[shape]string
}

// shape selects the statement of a range. All of them walk a primary key in its order and stop at the limit.
type shape struct {
	index    bool // entries of an index, else keys
	bounded  bool // there is an upper bound
	reverse  bool
	keysOnly bool // scan: leave out the data
	except   bool // count: some keys are left out
}

// preludeSQL forces plans that walk an index. A serializable transaction holds a predicate lock on all that it walks, and a
// small table read from end to end would conflict with every writer. Commits are durable whatever the server's default
// says, and a connection that got lost in the middle of a transaction does not keep its locks for long.
const preludeSQL = `select
	set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true),
	set_config('idle_in_transaction_session_timeout', '20s', true),
	case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', true) end`

// preludeViewSQL is the same for a transaction that writes nothing and may be idle while its owner works on a page.
const preludeViewSQL = `select
	set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)`

// getSQL finds the records of many references at once: by key (numbers, kinds, keys), and by unique entry (numbers, kinds,
// indexes, values).
const getSQL = `select u.n, r.id, r.key, r.version, r.expires, r.data
	from unnest($1::int4[], $2::int4[], $3::bytea[]) as u (n, kind, key)
	join {schema}.records as r on r.kind = u.kind and r.key = u.key
union all
	select u.n, r.id, r.key, r.version, r.expires, r.data
	from unnest($4::int4[], $5::int4[], $6::int4[], $7::bytea[]) as u (n, kind, idx, value)
	join {schema}.entries as e on e.kind = u.kind and e.idx = u.idx and e.value = u.value and e.slot = 0
	join {schema}.records as r on r.kind = e.kind and r.key = e.key`

func newStatements(s schema) statements {
	q := statements{
		begin:       "begin isolation level serializable read write",
		beginView:   "begin isolation level repeatable read read only",
		beginPlain:  "begin isolation level read committed read write",
		commit:      "commit",
		prelude:     preludeSQL,
		preludeView: preludeViewSQL,

		get:    s.fill(getSQL),
		put:    s.fill("select {schema}.put($1, $2, $3, $4, $5, $6, $7, $8)"),
		remove: s.fill("select {schema}.remove($1, $2, $3)"),
		mark:   s.fill("select {schema}.mark($1, $2, $3, $4)"),
		bar: s.fill(`insert into {schema}.outcomes as o (node, slot, last) values ($1, $2, -1)
			on conflict (node, slot) do update set last = -1 where o.last = $3`),
		last:   s.fill("select last from {schema}.outcomes where node = $1 and slot = $2"),
		sweep:  s.fill("select {schema}.sweep($1, $2)"),
		forget: s.fill("delete from {schema}.outcomes where at < now() - $1::interval"),
		learn: s.fill(`insert into {schema}.names as n (name, expires) values ($1, $2)
			on conflict (name) do update set expires = coalesce(n.expires, excluded.expires) returning id, expires`),
		allNames: s.fill("select id, expires, name from {schema}.names"),
		findName: s.fill("select id, expires from {schema}.names where name = $1"),

		scan:  map[shape]string{},
		count: map[shape]string{},
	}
	for bits := range 16 {
		x, y := bits&1 != 0, bits&2 != 0
		v := shape{index: x, bounded: y, reverse: bits&4 != 0}
		c := v
		v.keysOnly, c.except = bits&8 != 0, bits&8 != 0
		q.scan[v] = s.fill(scanSQL(v))
		q.count[c] = s.fill(countSQL(c))
	}
	return q
}

// rangeSQL returns the FROM and WHERE of a range, its order, and the number of its parameters.
//
// Of keys: $1 kind, $2 lower bound, [$3 upper bound]. Of an index: $1 kind, $2 index, then forwards $3, $4 the value and
// slot to begin behind, [$5 upper bound]; backwards $3 lower bound, [$4, $5 value and slot to begin before].
func rangeSQL(v shape) (from, order string, params int) {
	direction := ""
	if v.reverse {
		direction = " desc"
	}
	if !v.index {
		from, order, params = "{schema}.records as r where r.kind = $1 and r.key >= $2", "r.key"+direction, 2
		if v.bounded {
			from, params = from+" and r.key < $3", 3
		}
		return from, order, params
	}
	from, order = "{schema}.entries as e where e.kind = $1 and e.idx = $2", "e.value"+direction+", e.slot"+direction
	switch {
	case !v.reverse && !v.bounded:
		return from + " and (e.value, e.slot) > ($3, $4::int8)", order, 4
	case !v.reverse:
		return from + " and (e.value, e.slot) > ($3, $4::int8) and e.value < $5", order, 5
	case !v.bounded:
		return from + " and e.value >= $3", order, 3
	default:
		return from + " and e.value >= $3 and (e.value, e.slot) < ($4, $5::int8)", order, 5
	}
}

// scanSQL returns the statement of a page. Its last parameter is the limit.
func scanSQL(v shape) string {
	from, order, params := rangeSQL(v)
	data := "r.data"
	if v.keysOnly {
		data = "null::bytea"
	}
	if !v.index {
		return fmt.Sprintf("select r.key, 0::int8, r.id, r.key, r.version, r.expires, %s from %s order by %s limit $%d::int8", data, from, order, params+1)
	}
	return fmt.Sprintf(`select p.value, p.slot, r.id, r.key, r.version, r.expires, %s
		from (select e.value, e.slot, e.key from %s order by %s limit $%d::int8) as p
		join {schema}.records as r on r.kind = $1 and r.key = p.key order by %s`,
		data, from, order, params+1, strings.ReplaceAll(order, "e.", "p."))
}

// countSQL returns the statement that counts a range. Its last parameters are the limit, null for none, and the keys of
// the records that are left out.
func countSQL(v shape) string {
	from, _, params := rangeSQL(v)
	if v.except {
		key := "r.key"
		if v.index {
			key = "e.key"
		}
		from += fmt.Sprintf(" and %s <> all ($%d::bytea[])", key, params+2)
	}
	return fmt.Sprintf("select count(*) from (select from %s limit $%d::int8) as c", from, params+1)
}
