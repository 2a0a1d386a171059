// Putting blobs on their account's shelves: a row reserves the room before any byte is written, and says when the bytes are there for certain.
import { type BlobRow, type BlobWanted, type Decision, type Shelved, reserveBlob, shelveBlob } from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';
import type { BlobPut, ComingBytes } from './blob-store.ts';

export type Shelving = Omit<BlobWanted, 'bytes'> & { readonly maxBytes: number };
export interface Shelves {
  /** As `blobs.put`, within the quota of the shelf. After a crash the row stands and counts until it is removed, or the blob comes again. */
  put(wanted: Shelving, bytes: Uint8Array | ComingBytes): Promise<BlobPut>;
}

export function blobShelves(ports: ControlPorts): Shelves {
  const inTurn = turns();
  const coming = new Map<string, number>();
  const decide = (wanted: BlobWanted, by: (rows: Shelved, wanted: BlobWanted) => Decision<BlobRow>) =>
    inTurn(wanted.shelf, () =>
      change(ports, async (read) => {
        const decided = by({ blob: await read.one('blob', wanted.name), shelf: await read.one('shelf', wanted.shelf) }, wanted);
        return { writes: decided.ok ? decided.rows : [], value: decided };
      }),
    );

  const putReserved = async (wanted: BlobWanted, maxBytes: number, bytes: Uint8Array | ComingBytes): Promise<BlobPut> => {
    const reserved = await decide(wanted, reserveBlob);
    if (!reserved.ok) return reserved;
    let put: BlobPut | undefined;
    try {
      put = await ports.blobs.put(wanted.name, 'source' in bytes ? bytes.source : bytes, Math.min(maxBytes, wanted.bytes));
    } finally {
      // Another upload of the same name may still come well.
      if (put?.ok !== true && coming.get(wanted.name) === 1) await release(ports, wanted.name);
    }
    if (!put.ok) return put;
    const stored = await decide({ ...wanted, bytes: put.bytes }, shelveBlob);
    return stored.ok ? put : stored;
  };
  return {
    async put({ maxBytes, ...about }, bytes) {
      const { name } = about;
      if (bytes.byteLength > maxBytes) return { ok: false, rejection: { code: 'blob.too-large', context: { limit: maxBytes } } };
      coming.set(name, (coming.get(name) ?? 0) + 1);
      try {
        return await putReserved({ ...about, bytes: bytes.byteLength }, maxBytes, bytes);
      } finally {
        const others = (coming.get(name) ?? 1) - 1;
        if (others > 0) coming.set(name, others);
        else coming.delete(name);
      }
    },
  };
}

/** What did not come is due at once: the sweep gives its room back. */
function release(ports: ControlPorts, name: string): Promise<void> {
  return change(ports, async (read) => {
    const blob = await read.one('blob', name);
    return { writes: blob?.state === 'coming' ? [{ ...blob, keepUntil: ports.clock.now() }] : [], value: undefined };
  });
}

/** Work on one shelf goes one after the other: many uploads at once would only make each other decide again. */
function turns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
