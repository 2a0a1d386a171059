// A group of commits as the one statement that writes it: what to lock, and waves of commits that do not get in each other's way. Pure.
import type { CommitResult, Key } from '../store.ts';
import { type Prepared, nameOf } from '../prepare.ts';
import { filedText, plain } from './text.ts';

export interface Group {
  /** JSON: what to lock. */
  readonly keys: string;
  /** JSON: what to check, write and delete, wave by wave. */
  readonly waves: string;
  /** The results, once it is known which checks were stale. */
  results(this: void, stale: readonly number[]): CommitResult[];
}

interface Wave {
  commits: number;
  readonly checks: object[];
  readonly writes: object[];
  readonly deletes: object[];
}

export function groupOf(commits: readonly Prepared[]): Group {
  const checked: { readonly commit: number; readonly key: Key }[] = [];
  const locks = new Map<string, { k: string; i: string; a: boolean }>();
  const waves: Wave[] = [];
  const place = waveFinder();
  const lock = (key: Key, absent: boolean): { k: string; i: string } => {
    const name = nameOf(key);
    const known = locks.get(name) ?? { ...placeOf(key), a: false };
    if (absent) known.a = true;
    locks.set(name, known);
    return { k: known.k, i: known.i };
  };

  commits.forEach((commit, c) => {
    const at = place(commit);
    while (waves.length <= at) waves.push({ commits: 0, checks: [], writes: [], deletes: [] });
    const wave = waves[at] as Wave;
    const check = (key: Key, version: number): void => {
      wave.checks.push({ n: checked.length, c, ...lock(key, version === 0), v: version });
      checked.push({ commit: c, key });
    };

    wave.commits += 1;
    const read = new Set(commit.reads.map(({ key }) => nameOf(key)));
    for (const { key, version } of commit.reads) check(key, version);
    for (const { key } of commit.writes) if (!read.has(nameOf(key))) check(key, 0);
    for (const { key, body, entries } of commit.writes) wave.writes.push({ c, ...lock(key, false), f: filedText(entries), b: body });
    for (const key of commit.deletes) wave.deletes.push({ c, ...lock(key, false) });
  });

  return {
    keys: JSON.stringify([...locks.values()]),
    waves: JSON.stringify(waves),
    results(stale) {
      const keys = commits.map(() => new Map<string, Key>());
      for (const n of stale.toSorted((a, b) => a - b)) {
        const { commit, key } = checked[n] as (typeof checked)[number];
        keys[commit]?.set(nameOf(key), key);
      }
      return keys.map((found) => (found.size === 0 ? { ok: true } : { ok: false, stale: [...found.values()] }));
    },
  };
}

/**
 * The wave of each commit, asked in their order: after whatever changes a key that it touches, not before whatever looks at a key that it
 * changes, and after every delete, because a row made anew begins above the versions that were deleted.
 */
function waveFinder(): (commit: Prepared) => number {
  const changed = new Map<string, number>();
  const looked = new Map<string, number>();
  let deleted = -1;
  return ({ reads, writes, deletes }) => {
    const changes = [...writes.map(({ key }) => key), ...deletes].map(nameOf);
    const touched = [...reads.map(({ key }) => nameOf(key)), ...changes];
    let wave = deleted + 1;
    for (const name of touched) wave = Math.max(wave, (changed.get(name) ?? -1) + 1);
    for (const name of changes) wave = Math.max(wave, looked.get(name) ?? 0);
    for (const name of touched) looked.set(name, Math.max(wave, looked.get(name) ?? 0));
    for (const name of changes) changed.set(name, wave);
    if (deletes.length > 0) deleted = wave;
    return wave;
  };
}

/** A key that is not well formed names no row; neither does the text that stands for it here. */
function placeOf({ kind, id }: Key): { k: string; i: string } {
  return { k: plain(kind), i: id.isWellFormed() ? plain(id) : '\u0001\u0003' };
}
