// A control process of the simulated network: the real brain over the simulated ports, which can die and start again.
import type { Policy } from '@iog/protocol';
import {
  type BlobStore,
  type Brain,
  type ControlPorts,
  type LogLine,
  type Replied,
  type Store,
  brain,
  forwardClock,
  joinReplicas,
  liveDevices,
  localSignals,
  silentMeter,
  makeFirstAccount,
} from '@iog/control/sim';
import { canonical, generateSigningKey, sha256hex, sign } from '@iog/seal';
import type { Listener } from '../engine/net.ts';
import type { Proc } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';
import { digestsOf } from '../ports/host.ts';

/** Its loops look every half a minute. */
const heldUpMs = 45_000;

export interface ControlRoom {
  readonly policy: Policy;
  readonly blobs: BlobStore;
  readonly storeOf: (proc: Proc) => Store;
  readonly firstAccount: { readonly name: string; readonly keyHash: string; readonly recipient: string };
  readonly heard: (proc: Proc, line: LogLine) => void;
}

/** What a request says. `authorization`: a key's, or a device's signature. */
export interface Asked {
  readonly route: Parameters<Brain['desk']['answer']>[0]['route'];
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: string | Uint8Array;
  readonly authorization?: string;
  readonly idempotencyKey?: string;
  readonly url?: string;
  readonly from: string;
}

const leaseMs = 60_000;

export class SimControl implements Listener {
  readonly proc: Proc;
  readonly #world: World;
  readonly #room: ControlRoom;
  #brain: Brain | undefined;
  #requests = 0;

  constructor(world: World, name: string, room: ControlRoom) {
    this.#world = world;
    this.#room = room;
    this.proc = world.proc(name);
  }

  get isOpen(): boolean {
    return this.proc.isAlive && this.#brain !== undefined;
  }

  /** Ends in another life of the process, if at all. */
  async start(): Promise<void> {
    const { policy, blobs, storeOf, firstAccount, heard } = this.#room;
    const { proc } = this;
    proc.start();
    this.#brain = undefined;
    const lives = proc.lives();
    const secret = generateSigningKey(seedOf('network'));
    const store = storeOf(proc);
    const clock = await forwardClock(
      store,
      {
        wallMs: () => this.#world.now + proc.skewMs,
        monoMs: () => this.#world.now,
        after: (delayMs, run) => proc.after(delayMs, 'timer', run),
      },
      heldUpMs,
    );
    const log = (line: LogLine): void => {
      if (lives()) heard(proc, line);
    };
    const reconnectMs = policy.session.lostAfterMs;
    const replica = await joinReplicas({ store, clock, log }, { id: proc.name, leaseMs, reconnectMs });
    const draw = this.#world.chance(`ids/${proc.name}`);
    const ports: ControlPorts = {
      name: 'sim',
      store,
      blobs,
      clock,
      periods: { clusterMs: 30_000, minuteMs: 30_000, housekeepingMs: 120_000, replicaMs: 20_000, replicaLeaseMs: leaseMs },
      random: (bytes) => draw.bytes(bytes),
      key: { publicKey: secret.publicKey, sign: (domain, bytes) => sign(secret.secretKey, domain, bytes) },
      policy,
      policyHash: sha256hex(canonical(policy)),
      currency: policy.currency,
      signals: localSignals(),
      live: liveDevices(),
      replica,
      verifyCapacity: async ({ salt, threads }, digests) => {
        await proc.pause(50, '');
        return digestsOf(salt, threads).join() === digests.join();
      },
      log,
      meter: silentMeter,
    };
    await makeFirstAccount(ports, firstAccount);
    this.#brain = brain(ports, seedOf('pulses'), () => undefined);
    this.#brain.begin();
    this.#world.tell(`${proc.name} is open`);
  }

  kill(): void {
    this.proc.kill();
    this.#brain = undefined;
  }

  accept(link: Parameters<Listener['accept']>[0]): void {
    this.#brain?.hub.accept(link);
  }

  async answer({ route, params, query, body, authorization, idempotencyKey, url, from }: Asked): Promise<Replied> {
    if (!this.#brain) throw new Error('the connection was refused');
    const headers = {
      ...(authorization === undefined ? {} : { authorization }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    const request = `req_${this.proc.name}_${this.#requests++}`;
    const reply = await this.#brain.desk.answer({ route, params, query, body, headers, url: url ?? '', address: from, request });
    if ('events' in reply) throw new Error('events are not asked for here');
    return reply;
  }
}

/** The network's own secrets: the same in every life and replica. */
export function seedOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(sha256hex(`simulated ${name}`), 'hex'));
}
