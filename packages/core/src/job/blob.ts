// Blobs of an account: reserved before they come, referred to only once stored, let go when nobody needs them. What they hold, nobody here knows.
import type { Instant } from '@iog/protocol';
import type { BlobRow, ShelfRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';

/** The rows that a decision about one blob rests on. */
export interface Shelved {
  readonly blob: BlobRow | undefined;
  readonly shelf: ShelfRow | undefined;
}

export interface BlobWanted {
  readonly name: string;
  readonly shelf: string;
  readonly bytes: number;
  readonly keepUntil: Instant;
  /** The most that the shelf may have with it. */
  readonly quotaBytes: number;
}

/** Makes room for a blob before its bytes come; what is there already needs no more. Rejects `blob.quota`; `control.unavailable` while it goes. */
export function reserveBlob({ blob, shelf }: Shelved, wanted: BlobWanted): Decision<BlobRow> {
  if (blob?.state === 'going') return beingRemoved();
  const usedBytes = shelf?.bytes ?? 0;
  const moreBytes = Math.max(0, wanted.bytes - (blob?.bytes ?? 0));
  if (moreBytes > 0 && usedBytes + moreBytes > wanted.quotaBytes)
    return reject('blob.quota', { usedBytes, needsBytes: moreBytes, limitBytes: wanted.quotaBytes });
  return placed({ blob, shelf }, wanted, blob?.state ?? 'coming', Math.max(wanted.bytes, blob?.bytes ?? 0));
}

/** The blob is in the directory, with so many bytes. */
export function shelveBlob({ blob, shelf }: Shelved, wanted: BlobWanted): Decision<BlobRow> {
  if (blob?.state === 'going') return beingRemoved();
  return placed({ blob, shelf }, wanted, 'stored', wanted.bytes);
}

/** A stored blob is needed until then. Rejects `blob.unknown`. */
export function keepBlob(blob: BlobRow | undefined, named: string, until: Instant): Decision {
  if (blob?.state !== 'stored') return reject('blob.unknown', { blob: named });
  return accept(until > blob.keepUntil ? [{ ...blob, keepUntil: until }] : []);
}

/** The blob as it goes, once nobody needs it any more; undefined while somebody does. */
export function letBlobGo(blob: BlobRow | undefined, now: Instant): BlobRow | undefined {
  if (blob === undefined || blob.state === 'going') return blob;
  return now >= blob.keepUntil ? { ...blob, state: 'going' } : undefined;
}

/** What the shelf has without this blob. */
export function unshelved(blob: BlobRow, shelf: ShelfRow | undefined): ShelfRow[] {
  return shelf ? [{ ...shelf, bytes: Math.max(0, shelf.bytes - blob.bytes) }] : [];
}

function placed({ blob, shelf }: Shelved, { name, shelf: shelfId, keepUntil }: BlobWanted, state: BlobRow['state'], bytes: number) {
  const next: BlobRow = { kind: 'blob', id: name, shelf: shelfId, bytes, state, keepUntil: Math.max(keepUntil, blob?.keepUntil ?? 0) };
  const moreBytes = bytes - (blob?.bytes ?? 0);
  const sum: ShelfRow = { kind: 'shelf', id: shelfId, bytes: Math.max(0, (shelf?.bytes ?? 0) + moreBytes) };
  return accept<BlobRow>(moreBytes === 0 ? [next] : [next, sum], next);
}

function beingRemoved() {
  return reject('control.unavailable', { detail: 'what was stored under this name is being removed' });
}
