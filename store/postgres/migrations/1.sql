-- Names of kinds and indexes, as integers that rows and index entries carry. A kind's class is decided by its first record:
-- kinds that expire live under the negated number, and so in the other partition of every table.
create table {schema}.names (
	id      int4    generated always as identity primary key,
	name    bytea   not null unique,
	expires boolean
);

create sequence {schema}.record_ids as int8;

-- One row per record. It repeats its index entries, so that replacing a record touches only those that change.
create table {schema}.records (
	kind    int4        not null,
	key     bytea       not null,
	id      int8        not null default nextval('{literal}.record_ids'),
	version int8        not null,
	expires timestamptz,
	data    bytea       not null,
	idx     int4[]      not null,
	vals    bytea[]     not null,
	uniq    boolean[]   not null,
	primary key (kind, key)
) partition by range (kind);

create table {schema}.records_expiring partition of {schema}.records for values from (minvalue) to (0)
	with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create table {schema}.records_lasting partition of {schema}.records for values from (0) to (maxvalue)
	with (fillfactor = 90);

create index records_expires on {schema}.records (expires) where expires is not null;

-- One row per index entry, in the order of the index: by value, equal values by slot. The slot of a unique entry is 0 for
-- whoever holds it, and that of the others is their record's id: so one primary key is both the uniqueness and the order.
create table {schema}.entries (
	kind  int4  not null,
	idx   int4  not null,
	value bytea not null,
	slot  int8  not null,
	key   bytea not null,
	primary key (kind, idx, value, slot)
) partition by range (kind);

create table {schema}.entries_expiring partition of {schema}.entries for values from (minvalue) to (0)
	with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create table {schema}.entries_lasting partition of {schema}.entries for values from (0) to (maxvalue);

-- What the last transaction of each writer was. A writer that lost the answer to its COMMIT finds here what became of it.
-- last is -1 where a transaction was found unfinished and barred from ever committing.
create table {schema}.outcomes (
	node uuid        not null,
	slot int4        not null,
	last int8        not null,
	at   timestamptz not null default now(),
	primary key (node, slot)
) with (fillfactor = 50);

-- take_entries inserts index entries of a record. It raises CN001 with the position of the first one that another record
-- holds; fresh are the positions of the given entries in the record.
create function {schema}.take_entries(k int4, ke bytea, rid int8, ix int4[], vs bytea[], uq boolean[], fresh int8[])
returns void language plpgsql as $cenote$
declare
	taken int8;
	pos   int8;
begin
	insert into {schema}.entries (kind, idx, value, slot, key)
	select k, n.idx, n.value, case when n.uniq then 0 else rid end, ke from unnest(ix, vs, uq) as n (idx, value, uniq)
	on conflict do nothing;
	get diagnostics taken = row_count;
	if taken <> cardinality(ix) then
		select min(n.pos) into pos
		from unnest(ix, vs, uq, fresh) as n (idx, value, uniq, pos)
		join {schema}.entries as e on e.kind = k and e.idx = n.idx and e.value = n.value and e.slot = 0
		where n.uniq and e.key <> ke;
		raise exception using errcode = 'CN001', message = 'value of a unique index is taken', constraint = pos::text;
	end if;
end
$cenote$;

-- drop_entries deletes those of a record's entries that it will not have any more (new...).
create function {schema}.drop_entries(k int4, rid int8, ix int4[], vs bytea[], uq boolean[],
	newix int4[], newvs bytea[], newuq boolean[]) returns void language plpgsql as $cenote$
begin
	delete from {schema}.entries as e using unnest(ix, vs, uq) as o (idx, value, uniq)
	where e.kind = k and e.idx = o.idx and e.value = o.value and e.slot = case when o.uniq then 0 else rid end
		and not exists (select from unnest(newix, newvs, newuq) as n (idx, value, uniq)
			where n.idx = o.idx and n.value = o.value and n.uniq = o.uniq);
end
$cenote$;

-- put inserts a record (ver 0) or replaces the one of exactly that version. It raises CN001 with position 0 if the key is
-- taken, and CN002 if the record has another version.
create function {schema}.put(k int4, ke bytea, ver int8, dat bytea, exp timestamptz, ix int4[], vs bytea[], uq boolean[])
returns void language plpgsql as $cenote$
declare
	rid int8;
	old record;
begin
	if ver = 0 then
		insert into {schema}.records (kind, key, version, expires, data, idx, vals, uniq)
		values (k, ke, 1, exp, dat, ix, vs, uq)
		on conflict do nothing
		returning id into rid;
		if rid is null then
			raise exception using errcode = 'CN001', message = 'key is taken', constraint = '0';
		end if;
		if cardinality(ix) > 0 then
			perform {schema}.take_entries(k, ke, rid, ix, vs, uq, array(select generate_subscripts(ix, 1))::int8[]);
		end if;
		return;
	end if;
	select r.id, r.idx, r.vals, r.uniq into old from {schema}.records as r where r.kind = k and r.key = ke and r.version = ver;
	if not found then
		raise exception using errcode = 'CN002', message = 'stale version';
	end if;
	update {schema}.records as r set version = ver + 1, expires = exp, data = dat, idx = ix, vals = vs, uniq = uq
	where r.kind = k and r.key = ke;
	if old.idx <> ix or old.vals <> vs or old.uniq <> uq then
		perform {schema}.drop_entries(k, old.id, old.idx, old.vals, old.uniq, ix, vs, uq);
		perform {schema}.take_entries(k, ke, old.id, array_agg(n.idx), array_agg(n.value), array_agg(n.uniq), array_agg(n.pos))
		from unnest(ix, vs, uq) with ordinality as n (idx, value, uniq, pos)
		where not exists (select from unnest(old.idx, old.vals, old.uniq) as o (idx, value, uniq)
			where o.idx = n.idx and o.value = n.value and o.uniq = n.uniq)
		having count(*) > 0;
	end if;
end
$cenote$;

-- remove deletes the record of exactly that version, or whatever is there if ver is 0. It raises CN002 if the record has
-- another version or is gone. The record may stand under any of ks.
create function {schema}.remove(ks int4[], ke bytea, ver int8) returns void language plpgsql as $cenote$
declare
	old record;
begin
	delete from {schema}.records as r where r.kind = any (ks) and r.key = ke and (ver = 0 or r.version = ver)
	returning r.kind, r.id, r.idx, r.vals, r.uniq into old;
	if old.id is not null then
		if cardinality(old.idx) > 0 then
			perform {schema}.drop_entries(old.kind, old.id, old.idx, old.vals, old.uniq, '{}', '{}', '{}');
		end if;
	elsif ver <> 0 then
		raise exception using errcode = 'CN002', message = 'stale version';
	end if;
end
$cenote$;

-- mark records a writer's transaction beside its effect. It raises CN003 if prev is not the writer's last transaction.
create function {schema}.mark(n uuid, s int4, prev int8, this int8) returns void language plpgsql as $cenote$
begin
	if prev = 0 then
		insert into {schema}.outcomes (node, slot, last) values (n, s, this) on conflict do nothing;
	else
		update {schema}.outcomes as o set last = this, at = now() where o.node = n and o.slot = s and o.last = prev;
	end if;
	if not found then
		raise exception using errcode = 'CN003', message = 'writer is barred';
	end if;
end
$cenote$;

-- sweep deletes up to lim records whose time is over, oldest first, but none that a writer holds at the moment.
create function {schema}.sweep(before timestamptz, lim int8) returns int8 language plpgsql as $cenote$
declare
	dead record;
	n    int8 := 0;
begin
	for dead in
		select r.kind, r.key, r.id, r.idx, r.vals, r.uniq from {schema}.records as r
		where r.expires < before order by r.expires limit lim for update skip locked
	loop
		delete from {schema}.records as r where r.kind = dead.kind and r.key = dead.key;
		if cardinality(dead.idx) > 0 then
			perform {schema}.drop_entries(dead.kind, dead.id, dead.idx, dead.vals, dead.uniq, '{}', '{}', '{}');
		end if;
		n := n + 1;
	end loop;
	return n;
end
$cenote$;
