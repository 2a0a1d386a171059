// Who calls: an API key by its hash, or a device by its signature. Nothing else opens a route.
import type { IncomingHttpHeaders } from 'node:http';
import { type Access, type Rejection, type Scope, isId } from '@iog/protocol';
import { type DeviceRow, type KeyRow, authorise } from '@iog/core';
import { hashApiSecret, parseRequestSignature, verifyRequest } from '@iog/seal';
import type { ControlPorts } from '../ports.ts';

export type Caller =
  | { readonly ok: true; readonly key: KeyRow | undefined; readonly device: DeviceRow | undefined }
  | { readonly ok: false; readonly rejection: Rejection };

/** How far a device's clock may be from ours before its requests are refused. */
const deviceClockMs = 5 * 60_000;
const noncesKept = 100_000;

export interface Door {
  key(headers: IncomingHttpHeaders, scope: Scope): Promise<Caller>;
  /** The device that the caller says it is: nothing is checked but that there is such a one. */
  claimed(headers: IncomingHttpHeaders): Promise<Caller>;
  device(headers: IncomingHttpHeaders, method: string, path: string, bodySha256: string): Promise<Caller>;
}

export function door(ports: ControlPorts): Door {
  const seen = new Map<string, number>();
  const claimed = async (headers: IncomingHttpHeaders) => {
    const signature = parseRequestSignature(headers.authorization);
    if (!signature || !isId('dev', signature.device)) return refused('device.signature');
    const [found] = await ports.store.load([{ kind: 'device', id: signature.device }]);
    const device = found?.row as DeviceRow | undefined;
    if (!device) return refused('device.unknown', { device: signature.device });
    if (device.state === 'removed') return refused('device.removed', { device: device.id });
    return { ok: true as const, key: undefined, device, signature };
  };
  return {
    claimed,
    async key(headers, scope) {
      const secret = /^Bearer (iog_[A-Za-z0-9_-]{20,200})$/.exec(headers.authorization ?? '')?.[1];
      if (headers.authorization === undefined) return refused('key.missing');
      if (!secret) return refused('key.unknown');
      const [found] = await ports.store.load([{ kind: 'key', id: hashApiSecret(secret) }]);
      const key = found?.row as KeyRow | undefined;
      const rejection = authorise(key, scope, ports.clock.now());
      return rejection ? { ok: false, rejection } : { ok: true, key, device: undefined };
    },
    async device(headers, method, path, bodySha256) {
      const who = await claimed(headers);
      if (!who.ok) return who;
      const { device, signature: signed } = who;
      const now = ports.clock.now();
      const verdict = verifyRequest({
        publicKey: device.publicKey,
        signature: signed,
        method,
        path,
        bodySha256,
        nowMs: now,
        skewMs: deviceClockMs,
      });
      if (!verdict.ok || seen.has(`${device.id}/${signed.nonce}`)) return refused('device.signature');
      if (seen.size >= noncesKept) forgetOld(seen, now);
      seen.set(`${device.id}/${signed.nonce}`, now);
      return { ok: true, key: undefined, device };
    },
  };
}

type Unknown = 'key.missing' | 'key.unknown' | 'device.signature' | 'device.unknown' | 'device.removed';
function refused(code: Unknown, context: Rejection['context'] = {}): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code, context } };
}

function forgetOld(seen: Map<string, number>, now: number): void {
  for (const [nonce, at] of seen) if (now - at > 2 * deviceClockMs) seen.delete(nonce);
  for (const nonce of seen.keys()) {
    if (seen.size < noncesKept) break;
    seen.delete(nonce);
  }
}

/** The scope of a route's access, where a key opens it. */
export function scopeOf(access: Access): Scope | undefined {
  return access === 'open' || access === 'device' ? undefined : access;
}
