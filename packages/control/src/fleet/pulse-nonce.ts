// A pulse's nonce carries its sending time and an HMAC over it, so that it is dated also after control has crashed.
import type { Instant } from '@iog/protocol';
import { hmacSha256 } from '@iog/seal';

const timeHex = 12;

/** 64 hex digits: 12 of time, 52 of HMAC(secret, device, time). */
export function pulseNonce(secret: Uint8Array, device: string, sentAt: Instant): string {
  const time = sentAt.toString(16).padStart(timeHex, '0');
  const tag = Buffer.from(hmacSha256(secret, Buffer.from(`${device}/${time}`))).toString('hex');
  return time + tag.slice(0, 64 - timeHex);
}

/** When this pulse was sent to this device; undefined for a nonce that we did not make. */
export function pulseSentAt(secret: Uint8Array, device: string, nonce: string): Instant | undefined {
  if (nonce.length !== 64) return undefined;
  const sentAt = Number.parseInt(nonce.slice(0, timeHex), 16);
  return pulseNonce(secret, device, sentAt) === nonce ? sentAt : undefined;
}
