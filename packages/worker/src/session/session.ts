// The session: this device's link to control. It knows epochs, silence and reconnecting; what to run is decided by who listens.
import {
  agreedVersion,
  isKnownIn,
  linkVersions,
  sockets,
  type Assignment,
  type ErrorCode,
  type ToControl,
  type ToWorker,
} from '@iog/protocol';
import { urlsOf, wsUrl } from '../network-urls.ts';
import { saying, type Timer } from '../ports.ts';
import { readMessage } from './messages.ts';
import { displacedDelayMs, returnPace, type ReturnPace } from './return-pace.ts';
import type { Sendable, SessionOptions, Welcome } from './session-options.ts';
import type { WireLink } from './wire.ts';

/** A session that was shorter does not show that the trouble before it is over. */
const settledAfterMs = 10_000;
const coalesceMs = 20;
/** In beats: how often control is asked for a sign of life, and how long it may give none. */
const beatsPerPing = 1.5;
const beatsOfSilence = 6;
/** Refusals that no retry mends. */
const finalCodes = new Set<string>(['device.unknown', 'device.removed', 'device.signature', 'link.version'] satisfies ErrorCode[]);
const displaced: ErrorCode = 'session.displaced';
const leastBeatEveryMs = 100;
const mostBeatEveryMs = 60_000;
/** A long outage is told by its beginning. */
const loggedFailures = 5;

export type { CapacityQuestion, Sendable, SessionOptions, Welcome } from './session-options.ts';

interface Live {
  readonly link: WireLink;
  readonly timers: Map<string, Timer>;
  epoch: number | undefined;
  /** Of the link, from the welcome. */
  version: number;
  welcomedAtMs: number;
  beatEveryMs: number;
  heardAtMs: number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #pace: ReturnPace;
  #live: Live | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #displaced = 0;
  #at = 0;
  /** The request that the assignments to come are from. */
  #trace: string | undefined;
  #highestEpoch = -1;
  #pulse = '';
  #stopped = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#pace = returnPace(options);
  }

  start(): void {
    this.#dial();
  }

  /** Sends under the session's epoch; false while there is no session. Nothing is queued: whoever sends, sends again. */
  send(message: Sendable): boolean {
    const { epoch, version = 0 } = this.#live ?? {};
    if (epoch === undefined || !isKnownIn(version, message.type)) return false;
    const isDated = message.type === 'evidence' || message.type === 'sealed-for';
    this.#write(isDated ? { ...message, epoch } : message);
    return true;
  }

  /** Something observed has changed: a beat goes out at once. */
  changed(): void {
    if (this.#live?.epoch === undefined || this.#live.timers.has('change')) return;
    this.#again('change', coalesceMs, () => this.#beat());
  }

  beatNow(): void {
    this.#beat();
  }

  /** The nonce of the latest pulse, '' before the first. */
  get pulse(): string {
    return this.#pulse;
  }

  get connected(): boolean {
    return this.#live?.epoch !== undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#end();
  }

  #dial(): void {
    if (this.#stopped) return;
    const { url, wire, clock } = this.#options;
    const isMine = (): boolean => this.#live === mine;
    const urls = urlsOf(url);
    const link = wire(wsUrl(urls[this.#at % urls.length] ?? urls[0], sockets.link), {
      text: (text) => {
        if (isMine()) this.#hear(text);
      },
      alive: () => {
        mine.heardAtMs = clock.monoMs();
      },
      closed: (reason) => {
        if (isMine()) this.#lose(reason);
      },
    });
    const mine: Live = {
      link,
      timers: new Map(),
      epoch: undefined,
      version: 0,
      welcomedAtMs: 0,
      beatEveryMs: 2_000,
      heardAtMs: clock.monoMs(),
    };
    this.#live = mine;
    this.#again('watch', beatsPerPing * mine.beatEveryMs, () => this.#watch());
  }

  /** A fault of whoever listens, such as of a disk, does not end the session. */
  #hear(text: string): void {
    try {
      this.#receive(text);
    } catch (error) {
      this.#options.log({ level: 'error', event: 'session.fault', error: saying(error) });
    }
  }

  #receive(text: string): void {
    const read = readMessage(text);
    if (read.kind === 'malformed') return this.#ignore(read.detail);
    if (read.kind === 'unknown') return this.#ignore(`its type ${read.type} is unknown here`);
    const { message } = read;
    if (message.type === 'refused') return this.#refused(message.code, message.detail);
    if (message.type === 'challenge') return this.#challenge(message);
    if (message.type === 'welcome') return this.#welcome(message);
    if (message.type === 'bye') return this.#bye(message.retryInMs);
    const epoch = this.#live?.epoch;
    if (epoch === undefined) return this.#ignore(`${message.type} before the welcome`);
    switch (message.type) {
      case 'assignments':
        if (message.epoch !== epoch) return this.#ignore(`assignments of epoch ${message.epoch}; this is ${epoch}`);
        return this.#assigned(message.assignments);
      case 'trace':
        this.#trace = message.request;
        return undefined;
      case 'pulse':
        this.#pulse = message.nonce;
        return this.#write({ type: 'pulse-answer', nonce: message.nonce });
      case 'capacity':
        return this.#options.demanded(message);
      case 'acknowledged':
        return this.#options.acknowledged(message);
      default:
        return message satisfies never;
    }
  }

  #challenge({ nonce, network, min, max }: Extract<ToWorker, { type: 'challenge' }>): void {
    const { device, bootId, network: own, sign } = this.#options;
    if (network !== own) return this.#refuse('network.other', `this is the network ${network}; the device enrolled in ${own}`);
    if (agreedVersion({ min, max }) === undefined) {
      const has = `${linkVersions.min}–${linkVersions.max}`;
      return this.#refuse('link.version', `this worker speaks the link versions ${has}; control speaks ${min}–${max}`);
    }
    const signature = sign('hello', { nonce, network, device, bootId });
    this.#write({ type: 'hello', device, ...linkVersions, capabilities: [], bootId, signature });
  }

  #welcome(message: Welcome): void {
    const live = this.#live;
    if (live === undefined || live.epoch !== undefined) return;
    if (message.epoch <= this.#highestEpoch) return this.#lose(`a welcome of epoch ${message.epoch} after ${this.#highestEpoch}`);
    this.#highestEpoch = message.epoch;
    if (this.#pace.welcomed()) this.#failures = 0;
    live.epoch = message.epoch;
    live.version = message.version;
    live.welcomedAtMs = this.#options.clock.monoMs();
    live.beatEveryMs = Math.min(mostBeatEveryMs, Math.max(leastBeatEveryMs, message.beatEveryMs));
    this.#options.log({ level: 'info', event: 'session.open', epoch: message.epoch });
    this.#options.welcomed(message);
    this.#beat();
  }

  #assigned(assignments: readonly Assignment[]): void {
    const trace = this.#trace;
    this.#trace = undefined;
    this.#options.assigned(assignments, trace);
  }

  #bye(retryInMs: number): void {
    this.#pace.steady(retryInMs);
    this.#lose(`control cannot have it now, and is to be dialled every ${retryInMs} ms`);
  }

  #beat(): void {
    const live = this.#live;
    if (live?.epoch === undefined) return;
    this.#write({ type: 'beat', epoch: live.epoch, observed: [...this.#options.observe()] });
    live.timers.get('change')?.cancel();
    live.timers.delete('change');
    this.#again('beat', live.beatEveryMs, () => this.#beat());
  }

  /** A peer that died without closing is found by its silence: a live one answers pings. */
  #watch(): void {
    const live = this.#live;
    if (live === undefined) return;
    if (this.#options.clock.monoMs() - live.heardAtMs > beatsOfSilence * live.beatEveryMs) return this.#lose('control is silent');
    live.link.ping();
    this.#again('watch', beatsPerPing * live.beatEveryMs, () => this.#watch());
  }

  #lose(reason: string): void {
    if (this.#live === undefined) return;
    const { clock, log } = this.#options;
    if (this.#live.epoch !== undefined && clock.monoMs() - this.#live.welcomedAtMs >= settledAfterMs) this.#failures = 0;
    this.#end();
    if (this.#stopped) return;
    const retryInMs = this.#pace.nextMs(this.#failures);
    if (this.#failures < loggedFailures) log({ level: 'warn', event: 'session.lost', reason, retryInMs });
    this.#failures += 1;
    this.#at += 1;
    this.#retry = clock.after(retryInMs, () => this.#dial());
  }

  /** What a later try may mend is tried again, after the usual wait. */
  #refused(code: string, detail: string): void {
    if (finalCodes.has(code)) return this.#refuse(code, detail);
    if (code === displaced) this.#yield();
    else this.#lose(`${code}: ${detail}`);
  }

  #yield(): void {
    this.#end();
    if (this.#stopped) return;
    const { clock, random, log } = this.#options;
    const retryInMs = displacedDelayMs(this.#displaced, random);
    const reason = 'another worker of this device took the session over';
    log({ level: 'warn', event: 'session.displaced', reason, retryInMs });
    this.#displaced += 1;
    this.#retry = clock.after(retryInMs, () => this.#dial());
  }

  #refuse(code: string, detail: string): void {
    this.#stopped = true;
    this.#end();
    this.#options.log({ level: 'error', event: 'session.refused', code, detail });
    this.#options.refused(code, detail);
  }

  #end(): void {
    const live = this.#live;
    this.#live = undefined;
    for (const timer of live?.timers.values() ?? []) timer.cancel();
    live?.link.end();
  }

  #ignore(detail: string): void {
    this.#options.log({ level: 'warn', event: 'session.ignored', detail });
  }

  #write(message: ToControl): void {
    this.#live?.link.send(JSON.stringify(message));
  }

  #again(name: string, delayMs: number, run: () => void): void {
    const mine = this.#live;
    if (mine === undefined) return;
    mine.timers.get(name)?.cancel();
    const timer = this.#options.clock.after(delayMs, () => {
      mine.timers.delete(name);
      if (mine === this.#live) run();
    });
    mine.timers.set(name, timer);
  }
}
