// Writing commits to SQLite: each is checked before it writes anything, so that refusing one leaves nothing to undo.
import type { DatabaseSync } from 'node:sqlite';
import type { Commit, CommitResult, Key } from './store.ts';
import { encodeBody } from './body.ts';
import type { Catalog, Entry } from './catalog.ts';

/** A commit as it is written: whatever could be wrong with its rows has been found out before it meets others in a group. */
export interface Prepared {
  readonly reads: readonly { readonly key: Key; readonly version: number }[];
  readonly writes: readonly { readonly key: Key; readonly body: string; readonly entries: readonly Entry[]; readonly filed: string }[];
  readonly deletes: readonly Key[];
}

/** Throws an Error for what only a bug can ask for. */
export function prepareCommit({ reads, writes, deletes = [] }: Commit, catalog: Catalog): Prepared {
  const changed = new Set<string>();
  for (const { kind, id } of [...writes, ...deletes]) {
    if (!id.isWellFormed()) throw new Error(`not an id of a row: ${JSON.stringify(id)}`);
    const name = nameOf({ kind, id });
    if (changed.has(name)) throw new Error(`one commit changes ${name} twice`);
    changed.add(name);
  }
  return {
    // The caller may change its arrays before the group is written.
    reads: [...reads],
    deletes: [...deletes],
    writes: writes.map((row) => {
      const entries = catalog.entriesOf(row);
      return { key: { kind: row.kind, id: row.id }, body: encodeBody(row), entries, filed: JSON.stringify(entries) };
    }),
  };
}

interface Standing {
  readonly seq: number;
  readonly version: number;
  readonly filed: string;
}

/** Writes a group inside a transaction that the caller holds; later commits see earlier ones. */
export function sqliteWriter(database: DatabaseSync): (commits: readonly Prepared[]) => CommitResult[] {
  const find = database.prepare('SELECT seq, version, filed FROM rows WHERE kind = ? AND id = ?');
  const insert = database.prepare('INSERT INTO rows (kind, id, version, filed, body) VALUES (?, ?, ?, ?, ?)');
  const update = database.prepare('UPDATE rows SET version = ?, filed = ?, body = ? WHERE seq = ?');
  const remove = database.prepare('DELETE FROM rows WHERE seq = ?');
  const file = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
  const unfile = database.prepare('DELETE FROM entries WHERE list = ? AND equals = ? AND sort = ? AND id = ?');
  const floorOf = database.prepare("SELECT value FROM meta WHERE name = 'floor'");
  const raiseFloor = database.prepare("UPDATE meta SET value = max(value, ?) WHERE name = 'floor'");

  const standing = ({ kind, id }: Key): Standing | undefined => {
    if (!id.isWellFormed()) return undefined;
    return find.get(kind, id) as Standing | undefined;
  };
  const unfileAll = (filed: string, id: string): void => {
    for (const [list, equals, sort] of JSON.parse(filed) as Entry[]) unfile.run(list, equals, sort, id);
  };

  const write = ({ key, body, entries, filed }: Prepared['writes'][number], before: Standing | undefined): void => {
    if (before?.filed === filed) {
      update.run(before.version + 1, filed, body, before.seq);
      return;
    }
    let seq = before?.seq;
    if (before) {
      unfileAll(before.filed, key.id);
      update.run(before.version + 1, filed, body, before.seq);
    } else {
      const floor = Number(floorOf.get()?.['value']);
      seq = Number(insert.run(key.kind, key.id, floor + 1, filed, body).lastInsertRowid);
    }
    for (const [list, equals, sort] of entries) file.run(list, equals, sort, key.id, seq as number);
  };

  const apply = ({ reads, writes, deletes }: Prepared): CommitResult => {
    const found = new Map<string, Standing | undefined>();
    const look = (key: Key): Standing | undefined => {
      const name = nameOf(key);
      if (!found.has(name)) found.set(name, standing(key));
      return found.get(name);
    };
    const stale = new Map<string, Key>();
    for (const { key, version } of reads) if ((look(key)?.version ?? 0) !== version) stale.set(nameOf(key), key);
    const read = new Set(reads.map(({ key }) => nameOf(key)));
    for (const { key } of writes) if (!read.has(nameOf(key)) && look(key)) stale.set(nameOf(key), key);
    if (stale.size > 0) return { ok: false, stale: [...stale.values()] };

    for (const each of writes) write(each, look(each.key));
    for (const key of deletes) {
      const before = look(key);
      if (!before) continue;
      unfileAll(before.filed, key.id);
      remove.run(before.seq);
      raiseFloor.run(before.version);
    }
    return { ok: true };
  };
  return (commits) => commits.map(apply);
}

/** No kind has a space in it. */
function nameOf({ kind, id }: Key): string {
  return `${kind} ${id}`;
}
