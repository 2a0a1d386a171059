// The store as a map in memory, and the law that a real one gives the same answers to any sequence of commits and queries.
import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { type Commit, type CommitResult, type Query, type Store, type StoredRow, cursorOf } from '../store.ts';

interface Step {
  readonly write: readonly { id: string; owner: string | undefined; due: number | undefined; honest: boolean }[];
  readonly remove: readonly string[];
  readonly together: boolean;
  readonly query: { equals: string; atMost: number; after: string; limit: number; descending: boolean };
}
/** A row made anew begins above the highest version that was ever deleted. */
interface Model {
  readonly rows: Map<string, { readonly version: number; readonly row: ModelRow }>;
  floor: number;
}
type ModelRow = StoredRow & { readonly owner?: string; readonly due?: number };

const ids = fc.constantFrom('a', 'b', 'c', 'd', 'ä', '😀');
const owners = fc.constantFrom('', 'x', 'y');
const steps: fc.Arbitrary<Step> = fc.record({
  write: fc.uniqueArray(
    fc.record({
      id: ids,
      owner: fc.option(owners, { nil: undefined }),
      due: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
      honest: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
    { selector: ({ id }) => id, maxLength: 4 },
  ),
  remove: fc.uniqueArray(ids, { maxLength: 2 }),
  together: fc.boolean(),
  query: fc.record({
    equals: owners,
    atMost: fc.integer({ min: -3, max: 3 }),
    after: ids,
    limit: fc.integer({ min: 1, max: 6 }),
    descending: fc.boolean(),
  }),
});

/** Each run has its own prefix of ids and owners, so that one store serves them all. */
export async function modelLaw(store: Store): Promise<void> {
  let run = 0;
  let floor = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 25 }), async (sequence) => {
      const prefix = `run${run++}/`;
      const model: Model = { rows: new Map(), floor };
      let waiting: { real: Promise<CommitResult>; expected: boolean }[] = [];
      for (const step of sequence) {
        const commit = commitOf(step, prefix, model);
        const expected = commit.reads.every(({ key, version }) => (model.rows.get(key.id)?.version ?? 0) === version);
        waiting.push({ real: store.commit(commit), expected });
        if (expected) apply(model, commit);
        if (step.together) continue;
        for (const each of waiting) assert.equal((await each.real).ok, each.expected);
        waiting = [];
        await compare(store, model, step, prefix);
      }
      for (const each of waiting) assert.equal((await each.real).ok, each.expected);
      await empty(store, model);
      floor = model.floor;
    }),
    { numRuns: 150 },
  );
}

/** Honest reads are those of the model; others are off by one. */
function commitOf(step: Step, prefix: string, model: Model): Commit {
  const writes = step.write.map(({ id, owner, due }) => {
    const fields = { ...(owner === undefined ? {} : { owner: prefix + owner }), ...(due === undefined ? {} : { due }) };
    return { kind: 'note', id: prefix + id, ...fields };
  });
  const reads = step.write.map(({ id, honest }) => ({
    key: { kind: 'note', id: prefix + id },
    version: (model.rows.get(prefix + id)?.version ?? 0) + (honest ? 0 : 1),
  }));
  const deletes = step.remove.filter((id) => !step.write.some((each) => each.id === id)).map((id) => ({ kind: 'note', id: prefix + id }));
  return { reads, writes, deletes };
}

function apply(model: Model, { writes, deletes = [] }: Commit): void {
  for (const row of writes) model.rows.set(row.id, { version: (model.rows.get(row.id)?.version ?? model.floor) + 1, row });
  for (const { id } of deletes) {
    model.floor = Math.max(model.floor, model.rows.get(id)?.version ?? 0);
    model.rows.delete(id);
  }
}

function order(a: ModelRow, b: ModelRow, by: (row: ModelRow) => number): number {
  return by(a) - by(b) || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}

async function compare(store: Store, model: Model, { query }: Step, prefix: string): Promise<void> {
  const keys = [...model.rows.keys()].map((id) => ({ kind: 'note', id }));
  assert.deepEqual(await store.load(keys), [...model.rows.values()]);
  const { equals, limit, descending, atMost } = query;
  const page = (rows: ModelRow[], by: (row: ModelRow) => number, after?: ModelRow): ModelRow[] => {
    const sorted = rows
      .filter((row) => !after || (descending ? order(row, after, by) < 0 : order(row, after, by) > 0))
      .toSorted((a, b) => order(a, b, by));
    return (descending ? sorted.toReversed() : sorted).slice(0, limit);
  };
  const asked = async (q: Omit<Query, 'kind' | 'limit' | 'descending'>) =>
    (await store.query({ kind: 'note', limit, descending, ...q })).map(({ row }) => row);
  const rows = [...model.rows.values()].map(({ row }) => row);
  const owned = rows.filter((row) => row.owner === prefix + equals);
  const after = model.rows.get(prefix + query.after)?.row;
  assert.deepEqual(
    await asked({ index: 'owner', equals: prefix + equals }),
    page(owned, () => 0),
  );
  if (after)
    assert.deepEqual(
      await asked({ index: 'owner', equals: prefix + equals, after: cursorOf(after) }),
      page(owned, () => 0, after),
    );

  const due = rows.filter((row) => row.due !== undefined && row.due <= atMost);
  assert.deepEqual(
    await asked({ index: 'due', atMost }),
    page(due, (row) => row.due ?? 0),
  );
  if (after?.due !== undefined)
    assert.deepEqual(
      await asked({ index: 'due', atMost, after: cursorOf(after) }),
      page(due, (row) => row.due ?? 0, after),
    );
}

async function empty(store: Store, model: Model): Promise<void> {
  const deletes = [...model.rows.keys()].map((id) => ({ kind: 'note', id }));
  assert.deepEqual(await store.commit({ reads: [], writes: [], deletes }), { ok: true });
  apply(model, { reads: [], writes: [], deletes });
}
