// A device's disk: what was written durably survives its worker; it can be slow to no effect, full, and torn at its tail.
import type { Disk } from '@iog/worker/sim';
import { Died, type Proc } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';

interface File {
  bytes: Uint8Array;
  changedAtMs: number;
}

export class SimDisk {
  readonly #world: World;
  readonly files = new Map<string, File>();
  isFull = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** A copy, as a cloned machine has one. */
  clone(): SimDisk {
    const copy = new SimDisk(this.#world);
    for (const [path, file] of this.files) copy.files.set(path, { ...file });
    return copy;
  }

  /** The disk as one life of a process sees it. */
  of(proc: Proc): Disk {
    const lives = proc.lives();
    const call = <T>(name: string, work: () => T): T => {
      if (!lives() || proc.diesAt('before', `disk.${name}`)) throw new Died();
      const done = work();
      if (proc.diesAt('after', `disk.${name}`)) throw new Died();
      return done;
    };
    const room = (): void => {
      if (this.isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    const put = (path: string, bytes: Uint8Array): void => {
      this.files.set(path, { bytes, changedAtMs: this.#world.now });
    };
    return {
      read: (path) => call('read', () => this.files.get(path)?.bytes),
      list: (dir) =>
        call('list', () => {
          const inside = [...this.files.keys()].filter((path) => path.startsWith(`${dir}/`));
          return inside.map((path) => path.slice(dir.length + 1)).filter((name) => !name.includes('/'));
        }),
      replace: (path, bytes) =>
        call('replace', () => {
          room();
          put(path, Buffer.from(bytes));
        }),
      append: (path, bytes) =>
        call('append', () => {
          const before = this.files.get(path)?.bytes ?? Buffer.alloc(0);
          const torn = (part: number): void => put(path, Buffer.concat([before, bytes.subarray(0, part)]));
          if (proc.diesAt('amid', 'disk.append')) {
            torn(Math.floor(bytes.length / 2));
            throw new Died();
          }
          if (this.isFull) torn(7);
          room();
          put(path, Buffer.concat([before, bytes]));
        }),
      cut: (path, bytes) =>
        call('cut', () => {
          const file = this.files.get(path);
          if (file !== undefined) put(path, file.bytes.subarray(0, bytes));
        }),
      remove: (path) => call('remove', () => void this.files.delete(path)),
      changedAtMs: (path) => call('stat', () => this.files.get(path)?.changedAtMs ?? 0),
    };
  }
}
