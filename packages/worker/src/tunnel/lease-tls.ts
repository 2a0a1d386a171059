// TLS for one connection to one lease: whoever knows the lease's key may reach the ports that the lease names, and nothing else of this host.
import type { ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { createSecureContext, TLSSocket, type TlsOptions, type TLSSocketOptions } from 'node:tls';
import { abort, breakTogether, splice } from './splice.ts';

export interface TunnelLease {
  /** 32 bytes, shared with the renter and never with control. */
  readonly key: Uint8Array;
  readonly ports: { readonly dashboard: number; readonly gcs: number };
}

const handshakeWithinMs = 10_000;
// Without a certificate only a pre-shared key can complete the handshake; keys by callback need the SHA-256 suite.
const tlsOptions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
const secureContext = createSecureContext(tlsOptions);

export interface LeaseConnection {
  readonly stream: ServerHttp2Stream;
  /** As control named it: only a claim until the handshake agrees. */
  readonly lease: string;
  readonly lookup: (leaseId: string) => TunnelLease | undefined;
  readonly log: (event: string, fields?: Record<string, unknown>) => void;
}

export function serveLease({ stream, lease, lookup, log }: LeaseConnection): void {
  // Set only here: a handshake that got by without asking for the key (a resumed session) reaches nothing.
  let proven: TunnelLease | undefined;
  // Node reads the callback here as a server's; its typings know it only there.
  const options: TLSSocketOptions & Pick<TlsOptions, 'pskCallback'> = {
    ...tlsOptions,
    isServer: true,
    secureContext,
    pskCallback: (_socket, identity) => {
      proven = identity === lease ? lookup(lease) : undefined;
      return proven === undefined ? null : proven.key;
    },
  };
  const secure = new TLSSocket(stream, options);
  breakTogether(secure, stream);
  const timer = setTimeout(() => abort(secure), handshakeWithinMs);
  secure.once('close', () => clearTimeout(timer));
  secure.on('error', (error) => log('tunnel.broken', { lease, error: error.message }));

  secure.once('secure', () => {
    clearTimeout(timer);
    const port = proven && portOf(proven, lease, secure);
    if (port !== undefined) return splice(secure, connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
    log('tunnel.refused', { lease });
    abort(secure);
  });
}

/** The target as the client named it inside the authenticated handshake (`dashboard.<lease>`), where control cannot change it. */
function portOf({ ports }: TunnelLease, lease: string, secure: TLSSocket): number | undefined {
  // Node sets the name on both ends of TLS; its typings know it on none.
  const { servername } = secure as TLSSocket & { readonly servername?: string | false | null };
  if (servername === `dashboard.${lease}`) return ports.dashboard;
  if (servername === `gcs.${lease}`) return ports.gcs;
  return undefined;
}
