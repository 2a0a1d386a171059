import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sampleNow as now } from '../fleet/sample-device.ts';
import type { BlobRow, Row, ShelfRow } from '../rows.ts';
import { keepBlob, letBlobGo, reserveBlob, shelveBlob, unshelved } from './blob.ts';

const quotaBytes = 100;
const shelfId = 'acc/packages';
const wanted = (name: string, bytes: number) => ({ name, shelf: shelfId, bytes, keepUntil: now + 10, quotaBytes });

function shelfOf() {
  const blobs = new Map<string, BlobRow>();
  let shelf: ShelfRow | undefined;
  const save = (rows: readonly Row[]): void => {
    for (const row of rows) {
      if (row.kind === 'blob') blobs.set(row.id, row);
      if (row.kind === 'shelf') shelf = row;
    }
  };
  return {
    blobs,
    save,
    read: (name: string) => ({ blob: blobs.get(name), shelf }),
    remove(name: string): void {
      const blob = blobs.get(name);
      if (blob) save(unshelved(blob, shelf));
      blobs.delete(name);
    },
    sum: () => shelf?.bytes ?? 0,
  };
}

test('law: the shelf is the sum of its blobs and never above the quota, whatever comes, fails, is told late or goes', () => {
  const step = fc.record({
    what: fc.constantFrom('reserve', 'shelve', 'fail', 'go'),
    name: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.nat(60),
    late: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const all = shelfOf();
      for (const { what, name, bytes, late } of steps) {
        const rows = all.read(name);
        if (what === 'reserve') {
          const decided = reserveBlob(rows, wanted(name, bytes));
          if (decided.ok) all.save(decided.rows);
          else if (decided.rejection.code === 'blob.quota') assert.ok(all.sum() + bytes > quotaBytes);
        }
        // What was really written is at most what was reserved.
        if (what === 'shelve' && rows.blob) {
          const decided = shelveBlob(rows, wanted(name, Math.min(bytes, rows.blob.bytes)));
          if (decided.ok) all.save(decided.rows);
        }
        if (what === 'fail' && rows.blob?.state === 'coming') all.remove(name);
        if (what === 'go') {
          const going = letBlobGo(rows.blob, now + late);
          assert.equal(going !== undefined, rows.blob !== undefined && (rows.blob.state === 'going' || late >= 10));
          if (going && late % 2 === 0) all.remove(name);
          else if (going) all.save([going]);
        }
        assert.equal(
          all.sum(),
          [...all.blobs.values()].reduce((sum, blob) => sum + blob.bytes, 0),
        );
        assert.ok(all.sum() <= quotaBytes);
      }
    }),
  );
});

function code(blob: BlobRow | undefined): string {
  const kept = keepBlob(blob, 'a', now + 50);
  return kept.ok ? 'ok' : kept.rejection.code;
}

test('only what is stored can be referred to, and a reference never shortens what is kept', () => {
  const coming = reserveBlob({ blob: undefined, shelf: undefined }, wanted('a', 5));
  assert.ok(coming.ok);
  assert.equal(code(undefined), 'blob.unknown');
  assert.equal(code(coming.value), 'blob.unknown');
  assert.equal(code({ ...coming.value, state: 'going' }), 'blob.unknown');
  const stored: BlobRow = { ...coming.value, state: 'stored' };
  assert.deepEqual(keepBlob(stored, 'a', now + 50), { ok: true, rows: [{ ...stored, keepUntil: now + 50 }], value: undefined });
  assert.deepEqual(keepBlob(stored, 'a', now + 5), { ok: true, rows: [], value: undefined });
});

test('a blob that is there again needs no more room, and one that goes takes nothing', () => {
  const blob: BlobRow = { kind: 'blob', id: 'a', shelf: shelfId, bytes: 90, state: 'stored', keepUntil: now };
  const shelf: ShelfRow = { kind: 'shelf', id: shelfId, bytes: 90 };
  const again = reserveBlob({ blob, shelf }, wanted('a', 90));
  assert.ok(again.ok && again.rows.length === 1 && again.value.keepUntil === now + 10 && again.value.state === 'stored');
  const other = reserveBlob({ blob: undefined, shelf }, wanted('b', 11));
  assert.deepEqual(!other.ok && other.rejection, { code: 'blob.quota', context: { usedBytes: 90, needsBytes: 11, limitBytes: 100 } });
  const going = reserveBlob({ blob: { ...blob, state: 'going' }, shelf }, wanted('a', 90));
  assert.equal(!going.ok && going.rejection.code, 'control.unavailable');
});
