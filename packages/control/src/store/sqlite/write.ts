// Writing commits to SQLite: each is checked before it writes anything, so that refusing one leaves nothing to undo.
import type { DatabaseSync } from 'node:sqlite';
import type { CommitResult, Key } from '../store.ts';
import type { Entry } from '../catalog.ts';
import { type Prepared, type PreparedWrite, nameOf } from '../prepare.ts';
import type { StandingRows } from './standing.ts';

/** Writes a group inside a transaction that the caller holds; later commits see earlier ones. Where it fails, what stands is to be forgotten. */
export function sqliteWriter(database: DatabaseSync, standing: StandingRows): (commits: readonly Prepared[]) => CommitResult[] {
  const rows = rowWriter(database, standing);
  const apply = (commit: Prepared): CommitResult => {
    const stale = staleOf(commit, standing);
    if (stale.length > 0) return { ok: false, stale };
    for (const each of commit.writes) rows.put(each);
    for (const key of commit.deletes) rows.remove(key);
    return { ok: true };
  };
  return (commits) => {
    rows.begin();
    return commits.map(apply);
  };
}

function staleOf({ reads, writes }: Prepared, standing: StandingRows): Key[] {
  const stale = new Map<string, Key>();
  const read = new Set<string>();
  for (const { key, version } of reads) {
    const name = nameOf(key);
    read.add(name);
    if ((standing.find(key)?.version ?? 0) !== version) stale.set(name, key);
  }
  for (const { key } of writes) {
    const name = nameOf(key);
    if (!read.has(name) && standing.find(key)) stale.set(name, key);
  }
  return [...stale.values()];
}

interface RowWriter {
  begin(): void;
  put(write: PreparedWrite): void;
  remove(key: Key): void;
}

function rowWriter(database: DatabaseSync, standing: StandingRows): RowWriter {
  const insert = database.prepare('INSERT INTO rows (kind, id, version, filed, body) VALUES (?, ?, ?, ?, ?)');
  const update = database.prepare('UPDATE rows SET version = ?, body = ? WHERE seq = ?');
  const refile = database.prepare('UPDATE rows SET filed = ? WHERE seq = ?');
  const remove = database.prepare('DELETE FROM rows WHERE seq = ?');
  const file = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
  const unfile = database.prepare('DELETE FROM entries WHERE list = ? AND equals = ? AND sort = ? AND id = ?');
  const floorOf = database.prepare("SELECT value FROM meta WHERE name = 'floor'");
  const raiseFloor = database.prepare("UPDATE meta SET value = max(value, ?) WHERE name = 'floor'");
  let floor: number | undefined;

  const unfileAll = (filed: string, id: string): void => {
    for (const [list, equals, sort] of JSON.parse(filed) as Entry[]) unfile.run(list, equals, sort, id);
  };

  return {
    begin() {
      // A group before may have been rolled back.
      floor = undefined;
    },
    put({ key, body, entries }) {
      const filed = entries.length === 0 ? '[]' : JSON.stringify(entries);
      const before = standing.find(key);
      let seq = before?.seq;
      const version = (before?.version ?? (floor ??= Number(floorOf.get()?.['value']))) + 1;
      if (seq === undefined) seq = Number(insert.run(key.kind, key.id, version, filed, body).lastInsertRowid);
      else update.run(version, body, seq);
      if (before?.filed !== filed) {
        if (before) {
          unfileAll(before.filed, key.id);
          refile.run(filed, seq);
        }
        for (const [list, equals, sort] of entries) file.run(list, equals, sort, key.id, seq);
      }
      standing.set(key, { seq, version, filed, body });
    },
    remove(key) {
      const before = standing.find(key);
      if (!before) return;
      unfileAll(before.filed, key.id);
      remove.run(before.seq);
      raiseFloor.run(before.version);
      floor = undefined;
      standing.set(key, undefined);
    },
  };
}
