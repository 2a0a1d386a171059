// Capacity proofs: memory-hard work on all offered threads at once, timed by control, expiring (DESIGN §11).
import { type CapacityDemand, type DeviceRow, capacityDemand, capacityDue, judgeCapacity, recordProof } from '@iog/core';
import type { Instant } from '@iog/protocol';
import { type ControlPorts, change } from '../ports.ts';

interface Open {
  readonly demand: CapacityDemand;
  readonly sentAt: Instant;
}

export interface CapacityDemands {
  /** Sends a demand where the device has no proof that holds on for a while, and none is open or being checked. */
  consider(device: string, send: (demand: CapacityDemand) => void): Promise<void>;
  /** Takes the answer that arrived then; its check and its proof come later. */
  answered(device: string, id: string, digests: readonly string[], arrivedAt: Instant): void;
  /** Its row may be another: it is looked at again at the next occasion. */
  changed(device: string): void;
  forget(device: string): void;
}

/** How long a device that failed waits for its next demand; likewise one whose answer could not be checked. */
const retryAfterMs = 30_000;
const looksEveryBeats = 15;

export function capacityDemands(ports: ControlPorts): CapacityDemands {
  const open = new Map<string, Open>();
  /** Devices whose answer is being checked: they are asked nothing meanwhile. */
  const checking = new Set<string>();
  const failedAt = new Map<string, Instant>();
  /** When a device that needs none is looked at again: thousands of them are not read from the store at every beat. */
  const lookAt = new Map<string, Instant>();
  const lookEveryMs = looksEveryBeats * ports.policy.session.beatEveryMs;

  async function check(id: string, { demand, sentAt }: Open, digests: readonly string[], arrivedAt: Instant): Promise<void> {
    const digestsOk = await ports.verifyCapacity(demand, digests);
    const tookMs = arrivedAt - sentAt;
    const judged = judgeCapacity({ threads: demand.threads, digestsOk, tookMs, policy: ports.policy, now: arrivedAt });
    if (!judged.ok) {
      failedAt.set(id, ports.clock.now());
      ports.log({ level: 'warn', event: 'capacity.failed', device: id, tookMs, reason: judged.reason });
      return;
    }
    const { proof } = judged;
    const taken = { now: ports.clock.now(), policy: ports.policy, rttMs: ports.live.seen(id)?.rttMs ?? null };
    await change(ports, async (read) => {
      const device = await read.one('device', id);
      const recorded = device ? recordProof(device, proof, taken) : undefined;
      return { writes: recorded?.ok ? recorded.rows : [], value: undefined };
    });
    ports.log({ level: 'info', event: 'capacity.proven', device: id, threads: proof.threads, tookMs: proof.tookMs });
    ports.signals.wake('device', id);
  }

  return {
    async consider(id, send) {
      const now = ports.clock.now();
      const waiting = open.get(id);
      if (checking.has(id) || (waiting && now - waiting.sentAt <= waiting.demand.withinMs)) return;
      if (now - (failedAt.get(id) ?? Number.NEGATIVE_INFINITY) < retryAfterMs) return;
      if (now < (lookAt.get(id) ?? 0)) return;
      lookAt.set(id, now + lookEveryMs);
      const [found] = await ports.store.load([{ kind: 'device', id }]);
      const device = found?.row as DeviceRow | undefined;
      if (!device || !capacityDue(device, now, ports.policy)) return;
      lookAt.delete(id);
      const hex = (bytes: number): string => Buffer.from(ports.random(bytes)).toString('hex');
      const demand = capacityDemand(device, ports.policy, hex(32), hex(32));
      open.set(id, { demand, sentAt: ports.clock.now() });
      send(demand);
    },
    answered(id, demandId, digests, arrivedAt) {
      const waiting = open.get(id);
      if (waiting?.demand.id !== demandId) return;
      open.delete(id);
      checking.add(id);
      void check(id, waiting, digests, arrivedAt)
        .catch((error: unknown) => {
          failedAt.set(id, ports.clock.now());
          ports.log({
            level: 'error',
            event: 'capacity.unchecked',
            device: id,
            error: error instanceof Error ? error.message : String(error),
          });
        })
        .finally(() => checking.delete(id));
    },
    changed: (id) => void lookAt.delete(id),
    forget(id) {
      open.delete(id);
      lookAt.delete(id);
    },
  };
}
