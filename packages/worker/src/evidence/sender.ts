// Sends what the spool holds and control has not acknowledged: new samples at once, all of it again on a new session or after silence.
import type { LeaseId } from '@iog/protocol';
import type { Clock } from '../ports.ts';
import type { Session } from '../session/session.ts';
import type { Place, Spool } from './spool.ts';

const mostPerMessage = 32;
const resendAfterMs = 5_000;

export class EvidenceSender {
  readonly #spool: Spool;
  readonly #session: Pick<Session, 'send'>;
  readonly #clock: Clock;
  /** Up to where a lease's chain was sent on this session, and when something last moved. */
  readonly #sent = new Map<LeaseId, { through: Place; atMs: number }>();

  constructor(spool: Spool, session: Pick<Session, 'send'>, clock: Clock) {
    this.#spool = spool;
    this.#session = session;
    this.#clock = clock;
  }

  /** A new session knows nothing of what was sent on the old one. */
  reset(): void {
    this.#sent.clear();
    this.flush();
  }

  acknowledged(lease: LeaseId, place: Place): void {
    this.#spool.acknowledge(lease, place);
    const sent = this.#sent.get(lease);
    if (sent !== undefined) sent.atMs = this.#clock.monoMs();
    if (this.#spool.waiting(lease, 1).length === 0) this.#sent.delete(lease);
    this.#flushLease(lease);
  }

  /** Called with every new sample and every beat. */
  flush(): void {
    for (const lease of this.#spool.leases()) this.#flushLease(lease);
  }

  #flushLease(lease: LeaseId): void {
    const nowMs = this.#clock.monoMs();
    const sent = this.#sent.get(lease);
    const isStuck = sent === undefined || nowMs - sent.atMs > resendAfterMs;
    const samples = this.#spool.waiting(lease, mostPerMessage, isStuck ? undefined : sent.through);
    const last = samples.at(-1);
    if (last === undefined) return;
    const isSent = this.#session.send({ type: 'evidence', lease, snapshots: samples.map(({ signed }) => signed) });
    if (isSent) this.#sent.set(lease, { through: { segment: last.segment, index: last.index }, atMs: nowMs });
  }
}
