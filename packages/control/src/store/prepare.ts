// A commit made ready for writing: whatever could be wrong with its rows is found out before it meets others in a group.
import type { Commit, Key } from './store.ts';
import { encodeBody } from './body.ts';
import type { Catalog, Entry } from './catalog.ts';

export interface Prepared {
  readonly reads: readonly { readonly key: Key; readonly version: number }[];
  readonly writes: readonly PreparedWrite[];
  readonly deletes: readonly Key[];
}

export interface PreparedWrite {
  readonly key: Key;
  readonly body: string;
  readonly entries: readonly Entry[];
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
    writes: writes.map((row) => ({ key: { kind: row.kind, id: row.id }, body: encodeBody(row), entries: catalog.entriesOf(row) })),
  };
}

/** One text for a key: no kind has a space in it. */
export function nameOf({ kind, id }: Key): string {
  return `${kind} ${id}`;
}
