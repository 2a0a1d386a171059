// Blobs in memory: they survive control, as files do.
import { Readable } from 'node:stream';
import type { BlobStore } from '@iog/control/sim';

export function simBlobs(blobs = new Map<string, Uint8Array>()): BlobStore {
  return {
    async put(name, source, maxBytes) {
      const parts: Uint8Array[] = [];
      for await (const part of source instanceof Uint8Array ? [source] : source) parts.push(part);
      const bytes = Buffer.concat(parts);
      if (bytes.length > maxBytes) return { ok: false, rejection: { code: 'blob.too-large', context: { limit: maxBytes } } };
      const known = blobs.get(name);
      blobs.set(name, known ?? bytes);
      return { ok: true, bytes: (known ?? bytes).length, kept: known !== undefined };
    },
    get: (name) => {
      const bytes = blobs.get(name);
      return Promise.resolve(bytes === undefined ? null : { bytes: bytes.length, stream: Readable.from([Buffer.from(bytes)]) });
    },
    exists: (name) => Promise.resolve(blobs.has(name)),
    // oxlint-disable-next-line require-await -- the port is asynchronous; memory is not
    async *names() {
      yield* blobs.keys();
    },
    remove: (name) => Promise.resolve(void blobs.delete(name)),
  };
}
