// Writing commits to SQLite: each is checked before it writes anything, so that refusing one leaves nothing to undo.
import type { DatabaseSync } from 'node:sqlite';
import type { CommitResult, Key } from '../store.ts';
import type { Entry } from '../catalog.ts';
import { type Prepared, nameOf } from '../prepare.ts';

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

  const write = ({ key, body, entries }: Prepared['writes'][number], before: Standing | undefined): void => {
    const filed = JSON.stringify(entries);
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
