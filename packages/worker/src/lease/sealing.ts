// The cluster's secret on this device: opened from its seal, and given to the devices that an assignment names, again while it is asked for.
import type { LeaseId } from '@iog/protocol';
import { decodeSecrets, fromBase64url, open, type ClusterSecrets } from '@iog/seal';
import type { Clock, Log } from '../ports.ts';
import { sealForDevice, type SealFor } from '../seal-for.ts';

export interface SealingPorts {
  readonly sendSealed: (lease: LeaseId, device: SealFor['device'], sealed: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Control asks until it has committed: what was lost on the way is sealed again. */
const againAfterMs = 5_000;

export class Sealing {
  readonly #ports: SealingPorts;
  readonly #done = new Map<string, number>();

  constructor(ports: SealingPorts) {
    this.#ports = ports;
  }

  /** What could not be sent now is sealed and sent again with the next assignment. */
  async give(others: readonly SealFor[], secrets: ClusterSecrets): Promise<void> {
    for (const other of others) {
      const key = [other.lease, other.device, other.publicKey, other.recipient, other.recipientSignature].join('/');
      const doneAtMs = this.#done.get(key);
      if (doneAtMs !== undefined && this.#ports.clock.monoMs() - doneAtMs < againAfterMs) continue;
      const sealed = await sealForDevice(other, secrets);
      if (sealed === undefined) this.#ports.log({ level: 'error', event: 'seal-for.unsigned', lease: other.lease, device: other.device });
      if (sealed === undefined || this.#ports.sendSealed(other.lease, other.device, sealed))
        this.#done.set(key, this.#ports.clock.monoMs());
    }
  }
}

/** Throws where the secret is not for this device, or is none. */
export async function openSecrets(ageIdentity: string, sealedSecret: string): Promise<ClusterSecrets> {
  return decodeSecrets(await open(ageIdentity, fromBase64url(sealedSecret)));
}
