// The signature by which a device makes an HTTP request or opens a socket: `Authorization: IOG-Device <device>.<atMs>.<nonce>.<signature>`.
import { canonical } from './canonical.ts';
import { sign, verify } from './signing.ts';

const scheme = 'IOG-Device ';
const domain = 'device-request';
const pattern = /^IOG-Device ([a-z]{3}_[0-9a-z]{1,64})\.(\d{1,16})\.([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{86})$/;

export interface DeviceRequest {
  readonly device: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Hex; of no bytes when there is no body. */
  readonly bodySha256: string;
  readonly atMs: number;
  /** 16 to 64 characters of base64url, new for each request. */
  readonly nonce: string;
}

export interface RequestSignature {
  readonly device: string;
  readonly atMs: number;
  readonly nonce: string;
  readonly signature: string;
}

export type RequestVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: 'stale' | 'signature' };

/** The value of the Authorization header. */
export function signRequest({ secretKey, ...request }: DeviceRequest & { readonly secretKey: string }): string {
  const signature = sign(secretKey, domain, signedBytes(request));
  return `${scheme}${request.device}.${request.atMs}.${request.nonce}.${signature}`;
}

/** Undefined for a header that is none of ours. */
export function parseRequestSignature(header: string | undefined): RequestSignature | undefined {
  const [, device, at, nonce, signature] = pattern.exec(header ?? '') ?? [];
  if (device === undefined || at === undefined || nonce === undefined || signature === undefined) return undefined;
  const atMs = Number(at);
  // One instant, one spelling: 007 and 7 must not both pass where the header is kept against replay.
  return String(atMs) === at && Number.isSafeInteger(atMs) ? { device, atMs, nonce, signature } : undefined;
}

/** Whether the device's key signed this very request within `skewMs` of now. That a nonce comes only once is for the caller to hold. */
export function verifyRequest({
  publicKey,
  signature,
  method,
  path,
  bodySha256,
  nowMs,
  skewMs,
}: {
  readonly publicKey: string;
  readonly signature: RequestSignature;
  readonly method: string;
  readonly path: string;
  readonly bodySha256: string;
  readonly nowMs: number;
  readonly skewMs: number;
}): RequestVerdict {
  const { device, atMs, nonce } = signature;
  const signed = verify(publicKey, domain, signedBytes({ device, method, path, bodySha256, atMs, nonce }), signature.signature);
  if (!signed) return { ok: false, reason: 'signature' };
  return Math.abs(nowMs - atMs) <= skewMs ? { ok: true } : { ok: false, reason: 'stale' };
}

function signedBytes({ device, method, path, bodySha256, atMs, nonce }: DeviceRequest): Uint8Array {
  return canonical({ device, method, path, bodySha256, atMs, nonce });
}
