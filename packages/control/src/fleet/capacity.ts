// Capacity proofs: memory-hard work on all offered threads at once, timed by control, expiring (DESIGN §11).
import { type ToWorker } from '@iog/protocol';
import { type DeviceRow, capacityDemand, capacityDue, judgeCapacity, recordProof } from '@iog/core';
import { argon2Chain, fromHex, sha256hex, threadSalt } from '@iog/seal';
import { type ControlPorts, change } from '../ports.ts';

type CapacityDemand = Extract<ToWorker, { type: 'capacity' }>;
interface Open {
  readonly demand: CapacityDemand;
  readonly sentAt: number;
}

export interface CapacityDemands {
  /** Sends a demand where the device has no proof that holds on for a while, and none is open. */
  consider(device: string, send: (demand: CapacityDemand) => void): Promise<void>;
  answered(device: string, id: string, digests: readonly string[]): Promise<void>;
  forget(device: string): void;
}

/** How long a device that failed waits for its next demand. */
const retryAfterMs = 30_000;

export function capacityDemands(ports: ControlPorts): CapacityDemands {
  const open = new Map<string, Open>();
  const failedAt = new Map<string, number>();

  return {
    async consider(id, send) {
      const now = ports.clock.now();
      const waiting = open.get(id);
      if (waiting && now - waiting.sentAt <= waiting.demand.withinMs) return;
      if (now - (failedAt.get(id) ?? 0) < retryAfterMs) return;
      const [found] = await ports.store.load([{ kind: 'device', id }]);
      const device = found?.row as DeviceRow | undefined;
      if (!device || !capacityDue(device, now, ports.policy)) return;
      const hex = (bytes: number): string => Buffer.from(ports.random(bytes)).toString('hex');
      const demand = capacityDemand(device, ports.policy, hex(32), hex(32));
      open.set(id, { demand, sentAt: ports.clock.now() });
      send(demand);
    },
    async answered(id, demandId, digests) {
      const now = ports.clock.now();
      const waiting = open.get(id);
      if (waiting?.demand.id !== demandId) return;
      open.delete(id);
      const digestsOk = digests.length === waiting.demand.threads && checkOne(waiting.demand, digests, ports.random(2));
      const judged = judgeCapacity({ threads: waiting.demand.threads, digestsOk, tookMs: now - waiting.sentAt, policy: ports.policy, now });
      if (!judged.ok) {
        failedAt.set(id, now);
        ports.log({ level: 'warn', event: 'capacity.failed', device: id, tookMs: now - waiting.sentAt, reason: judged.reason });
        return;
      }
      const { proof } = judged;
      await change(ports, async (read) => {
        const device = await read.one('device', id);
        const recorded = device ? recordProof(device, proof, now) : undefined;
        return { writes: recorded?.ok ? recorded.rows : [], value: undefined };
      });
      ports.log({ level: 'info', event: 'capacity.proven', device: id, threads: proof.threads, tookMs: proof.tookMs });
      ports.signals.wake('device', id);
    },
    forget: (id) => void open.delete(id),
  };
}

/** A lottery of one thread: the verifier does that thread's work again. */
function checkOne(demand: CapacityDemand, digests: readonly string[], random: Uint8Array): boolean {
  const i = (((random[0] ?? 0) << 8) | (random[1] ?? 0)) % demand.threads;
  const output = argon2Chain({
    salt: threadSalt(fromHex(demand.salt), i),
    memoryKib: demand.memoryKib,
    passes: demand.passes,
    links: demand.links,
  });
  return sha256hex(output) === digests[i];
}
