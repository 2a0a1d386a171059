// The whole network in one process: control, devices and people over one world, with a court that watches.
import { Readable } from 'node:stream';
import type { DeviceId, Quote } from '@iog/protocol';
import type { Row } from '@iog/core';
import { type Commit, type LogLine, type Store, StoreFault, openSqlite, tables } from '@iog/control/sim';
import type { DeviceKeys, HttpAsk } from '@iog/worker/sim';
import { generateAgeIdentity, generateSigningKey, hashApiSecret, makeApiSecret } from '@iog/seal';
import { type Asked, SimControl, seedOf } from './actors/control.ts';
import { SimDevice } from './actors/device.ts';
import { Coverage } from './coverage.ts';
import { Net } from './engine/net.ts';
import type { Proc } from './engine/proc.ts';
import { World } from './engine/world.ts';
import { Court } from './laws/court.ts';
import { Person, type Said } from './people/person.ts';
import { witness } from './laws/witness.ts';
import { rents } from './people/renter.ts';
import { teamsUp } from './people/team.ts';
import { supplies } from './people/supplier.ts';
import { simPolicy } from './policy.ts';
import { simBlobs } from './ports/blobs.ts';
import { SimDisk } from './ports/disk.ts';
import { Heads, SimHost, type SimNode } from './ports/host.ts';
import { soundStore, storeOf } from './ports/store.ts';

export interface Size {
  readonly devices: number;
  readonly renters: number;
  readonly controls: number;
}

interface Made {
  readonly controls: number;
  /** Instead of a database in memory. */
  readonly store?: Store | undefined;
}

const restartMs = 4_000;
/** When simulated time begins: any will do. */
const epochMs = 1_800_000_000_000;

export class Network {
  readonly world: World;
  readonly court: Court;
  readonly net: Net;
  readonly coverage = new Coverage();
  readonly controls: SimControl[];
  readonly devices: SimDevice[] = [];
  readonly storeFaults = soundStore();
  readonly #heads = new Heads();
  readonly #adminSecret: string;
  /** People stop asking: what has begun goes on to its end. */
  isOver = false;

  constructor(seed: number, { controls, store = openSqlite({ path: ':memory:', tables, later: queueMicrotask }) }: Made) {
    this.world = new World(seed, epochMs);
    this.court = new Court(() => ({ at: this.world.now, step: this.world.step }));
    this.net = new Net(this.world);
    witness(this);
    const blobs = simBlobs();
    this.#adminSecret = makeApiSecret(this.world.chance('admin').bytes(32));
    const firstAccount = { name: 'operator', keyHash: hashApiSecret(this.#adminSecret), recipient: '' };
    this.controls = Array.from({ length: controls }, (_, i) => {
      return new SimControl(this.world, `control-${i + 1}`, {
        policy: simPolicy,
        blobs,
        firstAccount,
        storeOf: (proc) =>
          storeOf(this.world, proc, store, {
            faults: this.storeFaults,
            committed: (commit) => this.#committed(commit),
            hit: (fault) => this.coverage.fault(`store ${fault}`),
          }),
        heard: (proc, line) => this.#heard(proc, line),
      });
    });
  }

  get elapsedMs(): number {
    return this.world.now - epochMs;
  }

  /** What happened of late around these names, a line each. */
  told(names: readonly string[], most: number): string {
    const lines = this.world
      .story(names, most)
      .map(({ at, step, what }) => `  ${((at - epochMs) / 1_000).toFixed(3).padStart(12)} s  #${step}  ${what.slice(0, 240)}`);
    return lines.join('\n');
  }

  /** One that cannot start, because the store refuses it, ends, and is started again. */
  startControl(control: SimControl): void {
    control.start().catch((error: unknown) => {
      if (!(error instanceof StoreFault)) return this.court.breaks('no bug', `${control.proc.name} cannot start: ${String(error)}`);
      this.killControl(control);
      this.world.after(restartMs, undefined, 'restart', () => {
        if (!control.proc.isAlive) this.startControl(control);
      });
    });
  }

  killControl(control: SimControl): void {
    const { proc } = control;
    for (const link of this.net.links.values()) if (link.isWith(proc)) link.controlDied();
    control.kill();
  }

  killDevice(device: SimDevice): void {
    device.kill();
    this.net.links.get(device.proc.name)?.deviceDied();
  }

  /** People come: suppliers with their devices, renters with their wishes. */
  async settle({ devices, renters }: Size): Promise<void> {
    const suppliers = Math.max(1, Math.ceil(devices / 10));
    const admin = new Person(this.#started('operator'), this.world.chance('operator'), this.#adminSecret, (from, asked) =>
      this.ask(from, asked),
    );
    await admin.rest(2_000, 3_000);
    const board: Quote[] = [];
    const accounts: { name: string; secret: string; recipient: string }[] = [];
    for (let i = 0; i < suppliers + renters; i++) {
      const name = i < suppliers ? `supplier-${i + 1}` : `renter-${i - suppliers + 1}`;
      const secret = makeApiSecret(this.world.chance(`secret/${name}`).bytes(32));
      const { recipient } = await generateAgeIdentity();
      const key = { name: 'first', hash: hashApiSecret(secret), scopes: ['read', 'rent', 'supply', 'admin'] };
      const said = await admin.ask('account.create', { body: JSON.stringify({ name, recipient, key }) });
      if (said?.status === 200) accounts.push({ name, secret, recipient });
    }
    const last = accounts.at(-1);
    if (last) {
      const owner = new Person(this.#started('team'), this.world.chance('team'), last.secret, (from, asked) => this.ask(from, asked));
      void teamsUp(owner, { court: this.court, isOver: () => this.isOver, now: () => this.world.now });
    }
    for (const [i, { name, secret, recipient }] of accounts.entries()) {
      const person = new Person(this.#started(name), this.world.chance(name), secret, (from, asked) => this.ask(from, asked));
      const room = { court: this.court, isOver: () => this.isOver };
      if (name.startsWith('supplier')) void supplies(person, devicesOf(i, suppliers, devices), { ...room, ...this.#machines(name) });
      else void rents(person, { ...room, recipient, board });
    }
  }

  /** A request over the wire to whichever control is open. */
  ask(from: Proc, asked: Asked): Promise<Said> {
    const control = this.world.chance(`choice/${from.name}`).pick(this.controls);
    const found = (): SimControl | undefined => (control.isOpen ? control : this.controls.find(({ isOpen }) => isOpen));
    return this.net.request(
      from,
      () => found()?.proc,
      `ask ${asked.route}`,
      async () => {
        const at = found();
        if (!at) throw new Error('the connection was refused');
        const { status, body } = await at.answer(asked);
        const parsed = typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : {};
        const code = status >= 400 ? String(parsed['code']) : '';
        this.coverage.answered(asked.route, status, code);
        if (status === 500) this.court.breaks('no bug', `${asked.route} was answered ${String(body)}`);
        return { status, code, body: parsed };
      },
    );
  }

  device(name: string, has: { keys: DeviceKeys; id: DeviceId; host: SimHost; disk: SimDisk }): SimDevice {
    const device: SimDevice = new SimDevice(this.world, name, has, {
      network: generateSigningKey(seedOf('network')).publicKey,
      http: (proc, ask) => this.#http(proc, ask),
      wireOf: (proc) => this.net.wireOf(proc, () => this.#listener(proc)),
      heard: (proc, line) => this.#heard(proc, line),
    });
    this.devices.push(device);
    return device;
  }

  /** A second machine with the same disk, and so the same device. */
  cloneOf(device: SimDevice, name: string, has: { keys: DeviceKeys; id: DeviceId; disk: SimDisk }, cores: readonly number[]): SimDevice {
    const host: SimHost = new SimHost(this.world, this.#heads, name, cores, (node) => this.#ran(host, node));
    const clone = this.device(name, { ...has, host });
    clone.isClone = true;
    return clone;
  }

  #listener(proc: Proc): SimControl | undefined {
    const open = this.controls.filter(({ isOpen }) => isOpen);
    return open.length === 0 ? undefined : this.world.chance(`choice/${proc.name}`).pick(open);
  }

  #machines(supplier: string) {
    let count = 0;
    return {
      now: () => this.world.now,
      keys: async (): Promise<DeviceKeys> => {
        const { publicKey, secretKey } = generateSigningKey(this.world.chance(`keys/${supplier}`).bytes(32));
        const { identity, recipient } = await generateAgeIdentity();
        return { publicKey, secretKey, ageIdentity: identity, ageRecipient: recipient };
      },
      enrolled: (id: DeviceId, keys: DeviceKeys, cores: readonly number[]): SimDevice => {
        const name = `${supplier.replace('supplier', 'device')}-${(count += 1)}`;
        const host: SimHost = new SimHost(this.world, this.#heads, name, cores, (node) => this.#ran(host, node));
        const device = this.device(name, { keys, id, host, disk: new SimDisk(this.world) });
        // Some begin with a lie about what they can do.
        if (this.world.chance(`lies/${name}`).hits(0.15)) {
          host.faults.isLying = true;
          this.world.after(200_000, undefined, 'ends lying', () => void (host.faults.isLying = false));
        }
        device.start();
        return device;
      },
    };
  }

  /** What still runs on any machine. */
  running(): string[] {
    const up = this.devices.filter(({ isClone }) => !isClone);
    return up.flatMap(({ host }) =>
      [...host.nodes.values()].filter(({ runs }) => runs).map(({ spec }) => `${spec.lease} still runs on ${host.name}`),
    );
  }

  /** What really runs on a machine: no core for two leases at once, no lease's node a second time. */
  #ran(host: SimHost, started: SimNode): void {
    const { lease, generation } = started.spec;
    if ((host.started.get(`${lease} generation ${generation}`) ?? 0) > 1)
      this.court.breaks('6 a node is started once', `${lease} was started again on ${host.name} under generation ${generation}`);
    // One that lies, or that two machines pretend to be, is believed by control as any is: what runs there, nobody can know.
    const own = this.devices.find((device) => device.host === host);
    if (own && this.court.world?.isHonest(own.id) !== true) return;
    for (const node of host.nodes.values()) {
      if (node === started || !node.runs) continue;
      const shared = node.spec.slice.cores.filter((core) => started.spec.slice.cores.includes(core));
      if (shared.length > 0)
        this.court.breaks(
          '3 no core runs two leases',
          `core ${shared.join(' ')} of ${host.name} runs ${node.spec.lease} and ${started.spec.lease}`,
        );
    }
  }

  async #http(proc: Proc, { method, path, body, headers }: HttpAsk): Promise<{ status: number; body: Uint8Array }> {
    const [, what, id, segment] = /^\/v1\/device\/(blobs|jobs)\/([^/]+)(?:\/logs\/(\d+))?$/.exec(path) ?? [];
    const route = what === 'blobs' ? ('device.blob' as const) : ('device.log' as const);
    const params = what === 'blobs' ? { blob: id } : { job: id, segment };
    const authorization = headers?.['authorization'];
    const control = (): SimControl | undefined => this.controls.find(({ isOpen }) => isOpen);
    return this.net.request(
      proc,
      () => control()?.proc,
      `${method} ${path}`,
      async () => {
        const asked = {
          route,
          params,
          url: path,
          from: proc.name,
          ...(body ? { body } : {}),
          ...(authorization === undefined ? {} : { authorization }),
        };
        const at = control();
        if (!at) throw new Error('the connection was refused');
        const reply = await at.answer(asked);
        return { status: reply.status, body: await bytesOf(reply.body) };
      },
    );
  }

  #committed({ writes, deletes = [] }: Commit): void {
    this.coverage.committed(writes as Row[]);
    this.court.committed(writes as Row[], deletes);
  }

  #heard(proc: Proc, line: LogLine): void {
    this.coverage.logged(line.event);
    const error = String(line['error'] ?? '');
    this.world.tell(`${proc.name} says ${line.event} ${String(line['device'] ?? line['lease'] ?? '')} ${error.slice(0, 80)}`);
    const isOurs =
      line.event === 'bug' || ((line.event === 'loop.failed' || line.event === 'session.message-failed') && !error.includes('StoreFault'));
    if (isOurs) this.court.breaks('no bug', `${proc.name}: ${line.event} ${error}`);
  }

  #started(name: string): Proc {
    const proc = this.world.proc(name);
    proc.start();
    return proc;
  }
}

function devicesOf(supplier: number, suppliers: number, devices: number): number {
  return Math.floor(devices / suppliers) + (supplier < devices % suppliers ? 1 : 0);
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  const parts: Uint8Array[] = [];
  for await (const part of body as Readable) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}
