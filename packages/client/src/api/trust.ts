// Which certificate authorities a network's certificate may come from, and what it looks like when it comes from another.
import { getCACertificates } from 'node:tls';

/** Those that Node brings, those of this system, NODE_EXTRA_CA_CERTS, and `extra` (PEM) besides: never instead. */
export function authorities(extra?: string): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...(extra === undefined ? [] : [extra])])];
}

const faults: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_REVOKED',
  'INVALID_CA',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Whether whoever answered did not prove to be the host that was asked: asking again changes nothing. */
export function isUntrusted(error: Error): boolean {
  return faults.has((error as NodeJS.ErrnoException).code ?? '');
}
