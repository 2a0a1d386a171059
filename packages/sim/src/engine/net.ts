// The wire: sessions and requests between places, each message under the weather of its path. A process that dies cuts its ends.
import type { DeviceLink } from '@iog/control/sim';
import type { Wire, WireEvents, WireLink } from '@iog/worker/sim';
import type { Proc } from './proc.ts';
import { type Mishap, type Weather, arrivals, fair } from './weather.ts';
import type { World } from './world.ts';

/** Where a session ends: a control process that listens, or nothing. */
export interface Listener {
  readonly proc: Proc;
  accept(link: DeviceLink): void;
}

const dialLimitMs = 5_000;
const requestLimitMs = 20_000;

export class Net {
  readonly #world: World;
  readonly mishaps = new Map<Mishap, number>();
  /** The weather of a path, by the name of its outer place. */
  weatherOf: (place: string) => Weather = () => fair;
  /** What a device says, as it leaves. */
  says: (device: string, text: string) => void = () => undefined;
  /** What control says to a device, as it leaves. */
  told: (device: string, text: string) => void = () => undefined;
  /** A control that is up hears a device. */
  heard: (device: string) => void = () => undefined;
  /** A message that somebody puts into a device's session: what the device itself never said. */
  readonly links = new Map<string, Link>();

  constructor(world: World) {
    this.#world = world;
  }

  /** When each copy of a message of this path arrives; every path draws from its own stream. */
  arrivals(place: string, isUp: boolean): number[] {
    return arrivals(this.weatherOf(place), isUp, this.#world.chance(`net/${place}`), (kind) => {
      this.mishaps.set(kind, (this.mishaps.get(kind) ?? 0) + 1);
    });
  }

  /** The wire of one life of a device. */
  wireOf(device: Proc, listener: () => Listener | undefined): Wire {
    return (_url, on) => {
      const link = new Link(this.#world, this, device, on);
      link.dial(listener);
      this.links.set(device.name, link);
      return link.outer;
    };
  }

  /** A request and its answer. Rejects where one of both is lost; whether it was done, nobody knows then. */
  request<T>(from: Proc, to: () => Proc | undefined, label: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = from.after(requestLimitMs, '', () => reject(new Error('no answer within the limit')));
      const done = (settle: () => void): void => {
        for (const ms of this.arrivals(from.name, false)) {
          from.after(ms, '', () => {
            limit.cancel();
            settle();
          });
        }
      };
      for (const ms of this.arrivals(from.name, true)) {
        this.#world.after(ms, to(), label, () => {
          const proc = to();
          if (proc === undefined) return done(() => reject(new Error('the connection was refused')));
          const lives = proc.lives();
          const serve = async (): Promise<void> => {
            const end = await settled(work());
            if (lives()) done(() => (end.ok ? resolve(end.value) : reject(end.error)));
          };
          void serve();
        });
      }
    });
  }

  dialLimit(): number {
    return dialLimitMs;
  }
}

async function settled<T>(work: Promise<T>): Promise<{ ok: true; value: T } | { ok: false; error: Error }> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** One session's connection. Messages keep their order, but for those that the weather delays. */
export class Link {
  readonly #world: World;
  readonly #net: Net;
  readonly #device: Proc;
  readonly #deviceLife: number;
  readonly #on: WireEvents;
  #control: { readonly proc: Proc; readonly life: number } | undefined;
  #inner: Parameters<DeviceLink['listen']>[0] | undefined;
  #isOuterOpen = true;
  #isInnerOpen = false;
  readonly #lastAt = { up: 0, down: 0 };
  readonly outer: WireLink;
  /** The latest messages of the device, for whoever replays them. */
  readonly said: string[] = [];

  constructor(world: World, net: Net, device: Proc, on: WireEvents) {
    this.#world = world;
    this.#net = net;
    this.#device = device;
    this.#deviceLife = device.life;
    this.#on = on;
    this.outer = {
      send: (text) => {
        this.#net.says(this.#device.name, text);
        this.said.push(text);
        if (this.said.length > 64) this.said.shift();
        this.say(text);
      },
      ping: () => this.#ping(),
      end: () => this.#endOuter(undefined),
    };
  }

  dial(listener: () => Listener | undefined): void {
    const [ms] = this.#net.arrivals(this.#device.name, true);
    if (ms === undefined) return void this.#device.after(this.#net.dialLimit(), '', () => this.#endOuter('the handshake timed out'));
    this.#world.after(ms, undefined, `dial ${this.#device.name}`, () => {
      const found = listener();
      if (found === undefined) return this.#down(() => this.#endOuter('connection refused'));
      this.#control = { proc: found.proc, life: found.proc.life };
      this.#isInnerOpen = true;
      found.accept(this.#innerLink());
    });
  }

  /** Puts a text into the session as if the device had said it. */
  say(text: string): void {
    this.#up(() => {
      if (!this.#isInnerOpen) return;
      this.#net.heard(this.#device.name);
      this.#inner?.text(text);
    });
  }

  /** The end of one process is heard by the other where the path carries it. */
  deviceDied(): void {
    this.#up(() => this.#endInner());
  }

  controlDied(): void {
    if (!this.#isInnerOpen) return;
    this.#isInnerOpen = false;
    this.#down(() => this.#endOuter('the connection was reset'));
  }

  /** Both ends hear that the connection is gone. */
  cut(): void {
    this.#endInner();
    if (this.#lives()) this.#endOuter('the connection was cut');
  }

  isWith(proc: Proc): boolean {
    return this.#control?.proc === proc && this.#control.life === proc.life && this.#isInnerOpen;
  }

  #innerLink(): DeviceLink {
    return {
      isOpen: () => this.#isInnerOpen,
      send: (text) => {
        this.#net.told(this.#device.name, text);
        this.#down(() => this.#isOuterOpen && this.#lives() && (this.#on.alive(), this.#on.text(text)));
      },
      close: () => {
        this.#isInnerOpen = false;
        this.#down(() => this.#endOuter('closed by control'));
        this.#later(() => this.#inner?.closed());
      },
      terminate: () => this.#endInner(),
      listen: (on) => {
        this.#inner = on;
      },
    };
  }

  #endInner(): void {
    if (!this.#isInnerOpen) return;
    this.#isInnerOpen = false;
    this.#down(() => this.#endOuter('the connection was reset'));
    this.#later(() => this.#inner?.closed());
  }

  #endOuter(reason: string | undefined): void {
    if (!this.#isOuterOpen) return;
    this.#isOuterOpen = false;
    this.#up(() => this.#endInner());
    if (reason !== undefined && this.#lives()) this.#on.closed(reason);
  }

  #ping(): void {
    const { loss, late, isCutUp, isCutDown } = this.#net.weatherOf(this.#device.name);
    // In fair weather a ping needs no event of its own.
    if (this.#isInnerOpen && loss + late === 0 && !isCutUp && !isCutDown && this.#control?.proc.frozenUntilMs === 0)
      return this.#on.alive();
    if (this.#isInnerOpen) this.#up(() => this.#isInnerOpen && this.#down(() => this.#isOuterOpen && this.#lives() && this.#on.alive()));
  }

  #lives(): boolean {
    return this.#device.isAlive && this.#device.life === this.#deviceLife;
  }

  #later(run: () => void): void {
    const { proc, life } = this.#control ?? {};
    this.#world.after(0, proc, '', () => proc?.life === life && run());
  }

  #up(run: () => void): void {
    this.#carry('up', run);
  }

  #down(run: () => void): void {
    this.#carry('down', run);
  }

  #carry(way: 'up' | 'down', run: () => void): void {
    for (const ms of this.#net.arrivals(this.#device.name, way === 'up')) {
      // What is not delayed keeps its place in the stream.
      const at = ms > 45 ? this.#world.now + ms : Math.max(this.#lastAt[way], this.#world.now + ms);
      if (ms <= 45) this.#lastAt[way] = at;
      const { proc, life } = this.#control ?? {};
      if (way === 'up' && proc?.life !== life) continue;
      this.#world.after(at - this.#world.now, way === 'up' ? proc : this.#device, way, run);
    }
  }
}
