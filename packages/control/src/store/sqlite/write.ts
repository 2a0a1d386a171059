// Writing commits to SQLite: each is checked before it writes anything, so that refusing one leaves nothing to undo.
import type { DatabaseSync } from 'node:sqlite';
import type { CommitResult, Key } from '../store.ts';
import type { Entry } from '../catalog.ts';
import { type Prepared, type PreparedWrite, nameOf } from '../prepare.ts';
import type { Standing, StandingRows } from './standing.ts';

/** Writes a group inside a transaction that the caller holds; later commits see earlier ones. Where it fails, what stands is forgotten. */
export function sqliteWriter(database: DatabaseSync, standing: StandingRows): (commits: readonly Prepared[]) => CommitResult[] {
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

  const add = ({ key, body, entries }: PreparedWrite): void => {
    const filed = filedOf(entries);
    floor ??= Number(floorOf.get()?.['value']);
    const version = floor + 1;
    const seq = Number(insert.run(key.kind, key.id, version, filed, body).lastInsertRowid);
    for (const [list, equals, sort] of entries) file.run(list, equals, sort, key.id, seq);
    standing.set(key, { seq, version, filed, body });
  };

  const change = ({ key, body, entries }: PreparedWrite, { seq, version, filed: before }: Standing): void => {
    const filed = filedOf(entries);
    update.run(version + 1, body, seq);
    if (before !== filed) {
      unfileAll(before, key.id);
      refile.run(filed, seq);
      for (const [list, equals, sort] of entries) file.run(list, equals, sort, key.id, seq);
    }
    standing.set(key, { seq, version: version + 1, filed, body });
  };

  const staleOf = ({ reads, writes }: Prepared): Key[] => {
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
  };

  const apply = (commit: Prepared): CommitResult => {
    const stale = staleOf(commit);
    if (stale.length > 0) return { ok: false, stale };
    for (const each of commit.writes) {
      const before = standing.find(each.key);
      if (before) change(each, before);
      else add(each);
    }
    for (const key of commit.deletes) {
      const before = standing.find(key);
      if (!before) continue;
      unfileAll(before.filed, key.id);
      remove.run(before.seq);
      raiseFloor.run(before.version);
      floor = undefined;
      standing.set(key, undefined);
    }
    return { ok: true };
  };
  return (commits) => {
    // A group before may have been rolled back.
    floor = undefined;
    return commits.map(apply);
  };
}

function filedOf(entries: readonly Entry[]): string {
  return entries.length === 0 ? '[]' : JSON.stringify(entries);
}
