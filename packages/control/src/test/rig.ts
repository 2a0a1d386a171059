// A control for tests: the real one over HTTP on loopback and a directory of its own, and the calls that tests make to it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type AccountView, type KeyView, type Policy, type Problem, type Scope, laptopPolicy } from '@iog/protocol';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes, toHex } from '@iog/seal';
import type { LogLine } from '../ports.ts';
import { requireDocumented } from './documented.ts';
import { type RunningControl, startControl } from '../control.ts';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T & Problem;
  readonly headers: Headers;
}
export interface CallOptions {
  readonly key?: string | null;
  readonly idempotencyKey?: string | null;
  readonly headers?: Record<string, string>;
}
export interface Rig {
  readonly control: RunningControl;
  readonly url: string;
  readonly dir: string;
  /** The first account's secret: it has every scope. */
  readonly secret: string;
  readonly policy: Policy;
  readonly lines: LogLine[];
  call<T = Record<string, unknown>>(method: string, route: string, body?: unknown, options?: CallOptions): Promise<Answer<T>>;
  /** A secret with these scopes, in the first account. */
  key(changes?: { scopes?: Scope[]; expiresAt?: number; spendCapMicro?: string }): Promise<{ secret: string; view: KeyView }>;
  account(name: string): Promise<{ secret: string; account: AccountView }>;
  /** Stops control and starts it again over the same directory. */
  restart(): Promise<void>;
}

/** Times that a test can wait for; the capacity work is the least there is. */
export const quickPolicy: Policy = {
  ...laptopPolicy,
  capacity: { memoryKib: 64, passes: 1, links: 1, withinMs: 20_000, validMs: 24 * 3_600_000 },
  session: { ...laptopPolicy.session, beatEveryMs: 100, pulseEveryMs: 200 },
};

export async function startRig(
  t: TestContext,
  changes: Partial<Policy> = {},
  { behindProxy = false }: { readonly behindProxy?: boolean } = {},
): Promise<Rig> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-control-'));
  const secret = makeApiSecret(randomBytes(32));
  const { recipient } = await generateAgeIdentity();
  const policy = { ...quickPolicy, ...changes };
  const lines: LogLine[] = [];
  const firstAccount = { name: 'first', keyHash: hashApiSecret(secret), recipient };
  const start = (): Promise<RunningControl> =>
    startControl({ dir, host: '127.0.0.1', port: 0, name: 'test', policy, firstAccount, behindProxy, log: (line) => lines.push(line) });
  let control = await start();
  t.after(async () => {
    await control.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    ...callsOf(() => control.url, secret),
    get control() {
      return control;
    },
    get url() {
      return control.url;
    },
    dir,
    secret,
    policy,
    lines,
    async restart() {
      await control.stop();
      control = await start();
    },
  };
}

/** A control that runs elsewhere, as a rig: its calls alone. */
export function remoteRig(url: string, secret: string, policy: Policy): Rig {
  return {
    ...callsOf(() => url, secret),
    get control() {
      return notHere();
    },
    url,
    dir: '',
    secret,
    policy,
    lines: [],
    restart: notHere,
  };
}

function notHere(): never {
  throw new Error('this control is another process');
}

function callsOf(url: () => string, secret: string): Pick<Rig, 'call' | 'key' | 'account'> {
  const rig: Pick<Rig, 'call' | 'key' | 'account'> = {
    call: (method, route, body, options = {}) => send(url(), method, route, body, { key: secret, ...options }),
    async key({ scopes = ['read', 'rent'], ...rest } = {}) {
      const made = makeApiSecret(randomBytes(32));
      const { body } = await rig.call<KeyView>('POST', '/v1/keys', { name: 'made', hash: hashApiSecret(made), scopes, ...rest });
      return { secret: made, view: body };
    },
    async account(name) {
      const made = makeApiSecret(randomBytes(32));
      const key = { name: 'first', hash: hashApiSecret(made), scopes: ['read', 'rent', 'supply', 'admin'] };
      const { body } = await rig.call<{ account: AccountView }>('POST', '/v1/accounts', { name, key });
      return { secret: made, account: body.account };
    },
  };
  return rig;
}

/** One request; a POST gets a fresh Idempotency-Key unless told otherwise. A body that is text is sent as it stands. */
async function send<T>(url: string, method: string, route: string, body: unknown, options: CallOptions): Promise<Answer<T>> {
  const { key, idempotencyKey = method === 'POST' ? toHex(randomBytes(8)) : null, headers = {} } = options;
  const sent = await fetch(url + route, {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      ...(body === undefined && method !== 'POST' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
  });
  const text = await sent.text();
  const answered: unknown = text === '' ? {} : JSON.parse(text);
  requireDocumented(method, route, sent.status, answered);
  return { status: sent.status, body: answered as T & Problem, headers: sent.headers };
}

/** Waits until the condition gives something, at most `limitMs`. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  const endsAt = Date.now() + limitMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endsAt) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
