// A device of the simulated network: the real worker over a simulated host, disk and wire; it can die, be unplugged, and be cloned.
import type { DeviceId } from '@iog/protocol';
import { type DeviceKeys, type HttpAsk, type LogLine, Wiring, type WiringPorts, signedHttp } from '@iog/worker/sim';
import { Died, type Proc } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';
import type { SimDisk } from '../ports/disk.ts';
import { SimHost, type SimNode } from '../ports/host.ts';

const restartMs = 4_000;

export interface DeviceRoom {
  readonly network: string;
  readonly http: (proc: Proc, ask: HttpAsk) => Promise<{ status: number; body: Uint8Array }>;
  readonly wireOf: (proc: Proc) => WiringPorts['wire'];
  readonly heard: (proc: Proc, line: LogLine) => void;
}

export class SimDevice {
  readonly proc: Proc;
  readonly host: SimHost;
  readonly disk: SimDisk;
  readonly keys: DeviceKeys;
  readonly id: DeviceId;
  readonly #world: World;
  readonly #room: DeviceRoom;
  readonly #bootedAt: number;
  /** Control refuses it for good. */
  refused = '';
  isUnplugged = false;
  isClone = false;
  /** It, or somebody in its place, has said what is not so. */
  hasLied = false;

  constructor(world: World, name: string, has: { host: SimHost; disk: SimDisk; keys: DeviceKeys; id: DeviceId }, room: DeviceRoom) {
    this.#world = world;
    this.proc = world.proc(name);
    this.host = has.host;
    this.disk = has.disk;
    this.keys = has.keys;
    this.id = has.id;
    this.#room = room;
    this.#bootedAt = world.now - 60_000;
  }

  start(): void {
    const { proc, host, keys, id, disk } = this;
    const { network, http, wireOf, heard } = this.#room;
    proc.start();
    const lives = proc.lives();
    const draw = this.#world.chance(`device/${proc.name}`);
    const random = (bytes: number): Uint8Array => draw.bytes(bytes);
    const clock: WiringPorts['clock'] = {
      nowMs: () => this.#world.now + proc.skewMs,
      monoMs: () => this.#world.now - this.#bootedAt,
      after: (delayMs, run) => proc.after(delayMs, 'timer', () => guarded(run)),
    };
    const signer = { device: id, secretKey: keys.secretKey, clock, random };
    // A worker that cannot start, as on a full disk, ends, and is started again by its supervisor.
    const gaveUp = (error: unknown): void => {
      if (error instanceof Died || !lives()) return;
      this.#world.tell(`${proc.name} cannot start: ${String(error)}`);
      this.kill();
      this.#world.after(restartMs, undefined, 'restart', () => {
        if (!proc.isAlive && !this.isUnplugged) this.start();
      });
    };
    try {
      const wiring = new Wiring({
        dir: '/device',
        url: 'http://control',
        device: id,
        network,
        keys,
        http: signedHttp((ask) => http(proc, ask), signer),
        runtime: host.runtimeOf(proc),
        ray: (node) => (host.nodes.get(node.lease) as SimNode).ray.of(proc),
        host: host.hostOf(proc),
        disk: disk.of(proc),
        refused: (code) => {
          if (lives()) this.refused = code;
        },
        clock,
        random,
        wire: wireOf(proc),
        log: (line) => lives() && heard(proc, line),
      });
      void wiring.start().catch(gaveUp);
    } catch (error) {
      gaveUp(error);
    }
  }

  /** The worker's process dies; what it started is kept for a while. */
  kill(): void {
    if (!this.proc.isAlive) return;
    this.proc.kill();
    const { life } = this.proc;
    this.host.unkept(() => this.proc.isAlive && this.proc.life > life);
  }

  unplug(): void {
    this.proc.kill();
    this.host.unplug();
    this.isUnplugged = true;
  }

  plugIn(): void {
    this.isUnplugged = false;
    this.start();
  }
}

/** The code of a process that dies in the middle goes no further. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Died)) throw error;
  }
}
