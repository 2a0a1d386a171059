// Enrolment: this device tells a network its keys and units under a short code; someone who may supply approves the code.
import { hostname } from 'node:os';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { EnrolmentViewSchema, idSchema, routes, type DeviceId, type Enrolment, type RuntimeKind, type Units } from '@iog/protocol';
import { HttpFault, jsonOf, openHttp, type Http } from '../http.ts';
import { pause, realClock, realRandom, type Clock, type Random } from '../ports.ts';
import { deviceKeys, membership, saveMembership, signRecipient, signValue, type DeviceKeys } from './identity.ts';

// 24 letters and 8 digits: none is taken for another, and 256 divides by 32.
const codeLetters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeLength = 8;
const pollEveryMs = 500;

export interface EnrolOptions {
  readonly dir: string;
  readonly url: string;
  readonly name: string;
  readonly units: Units;
  readonly runtime: RuntimeKind;
  /** Another device of this host offers some of these cores too, and its owner knows. */
  readonly shareCores?: boolean;
  /** The secret of a join token: with it nobody need approve. */
  readonly token?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}
export interface Enrolling {
  /** What to type at the network; '' when this device is enrolled there already, and was not removed since. */
  readonly code: string;
  /** Ends when the code is approved; rejects when it expires, or when `signal` fires. */
  approved(this: void, signal?: AbortSignal): Promise<DeviceId>;
}

const networkView = Compile(routes['network.show'].answer);
const enrolmentView = Compile(EnrolmentViewSchema);
/** Newer controls tell more of a device. */
const deviceView = Compile(Type.Object({ id: idSchema('dev') }));

/** Enrols the device of `dir`. Its keys are made at the first call. */
export async function enrol(options: EnrolOptions): Promise<Enrolling> {
  const { dir, url, clock = realClock, random = realRandom } = options;
  const keys = await deviceKeys(dir);
  const http = openHttp(url);
  try {
    const network = await networkKey(http);
    const known = membership(dir);
    if (known?.network === network && known.device !== null && known.removed !== true) {
      const { device } = known;
      if (known.url !== url) saveMembership(dir, { ...known, url });
      http.close();
      return { code: '', approved: () => Promise.resolve(device) };
    }
    const code = newCode(random);
    if (options.token !== undefined) {
      const device = await joinByToken(http, options.token, signedEnrolment(options, keys, code, clock.nowMs()), random);
      saveMembership(dir, { url, network, device });
      http.close();
      return { code: '', approved: () => Promise.resolve(device) };
    }
    const ask = { method: 'POST', path: routes['enrolment.create'].path } as const;
    const body = new TextEncoder().encode(JSON.stringify(signedEnrolment(options, keys, code, clock.nowMs())));
    const idempotency = { 'idempotency-key': Buffer.from(random(16)).toString('hex') };
    jsonOf(ask, await http({ ...ask, body, headers: idempotency }));
    saveMembership(dir, { url, network, device: null });
    return {
      code,
      async approved(signal) {
        const device = await poll(http, code, clock, signal).finally(() => http.close());
        saveMembership(dir, { url, network, device });
        return device;
      },
    };
  } catch (error) {
    http.close();
    throw error;
  }
}

async function joinByToken(http: Http, secret: string, enrolment: Enrolment, random: Random): Promise<DeviceId> {
  const ask = { method: 'POST', path: routes['device.join'].path } as const;
  const body = new TextEncoder().encode(JSON.stringify({ enrolment, secret }));
  const view = jsonOf(ask, await http({ ...ask, body, headers: { 'idempotency-key': Buffer.from(random(16)).toString('hex') } }));
  if (!deviceView.Check(view)) throw new Error('control answered with no device');
  return view.id;
}

function newCode(random: Random): string {
  const letters = [...random(codeLength)].map((byte) => codeLetters[byte % codeLetters.length] ?? 'A').join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

function signedEnrolment(
  { name, units, runtime, shareCores = false }: EnrolOptions,
  keys: DeviceKeys,
  code: string,
  atMs: number,
): Enrolment {
  const { publicKey, ageRecipient: recipient } = keys;
  const host = hostname().slice(0, 128);
  const said = {
    code,
    name,
    publicKey,
    recipient,
    recipientSignature: signRecipient(keys),
    units,
    runtime,
    host,
    ...(shareCores ? { shareCores } : {}),
    atMs,
  };
  return { ...said, signature: signValue(keys, 'enrolment', said) };
}

async function networkKey(http: Http): Promise<string> {
  const ask = { method: 'GET', path: routes['network.show'].path } as const;
  const view = jsonOf(ask, await http(ask));
  if (!networkView.Check(view)) throw new Error('What answers at this address is no IOG network.');
  return view.publicKey;
}

/** A control that restarts meanwhile is waited for; what it says of the code is final. */
async function poll(http: Http, code: string, clock: Clock, signal?: AbortSignal): Promise<DeviceId> {
  const ask = { method: 'GET', path: routes['enrolment.show'].path.replace(':code', code) } as const;
  for (;;) {
    if (signal?.aborted === true) throw new Error(`Nobody approved the code ${code} in time.`);
    try {
      const view = jsonOf(ask, await http(ask));
      if (!enrolmentView.Check(view)) throw new Error('control answered with no enrolment');
      if (view.state === 'approved' && view.device !== null) return view.device;
      if (view.state === 'expired') throw new HttpFault(410, `The code ${code} has expired. Run \`iog worker join\` again.`);
    } catch (error) {
      if (error instanceof HttpFault && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
    }
    await pause(clock, pollEveryMs, signal);
  }
}
