// Joins the end of a tunnel to a local TCP connection: bytes both ways, each half closing for itself, and a break of one breaking the other.
import type { Http2Stream } from 'node:http2';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export function splice(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => {});
    from.pipe(to);
    from.once('close', () => {
      if (from.errored !== null || !from.readableEnded || !from.writableFinished) abort(to);
    });
  }
}

/** Ends a connection so that the other side sees a break, not an end. */
export function abort(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy(new Error('The other side of the tunnel broke off.'));
  else socket.resetAndDestroy();
}

/**
 * Makes TLS and the HTTP/2 stream below it break together. By themselves neither tells the other: a reset of the stream is an 'end' of TLS,
 * and a destroyed TLS socket closes its stream as if all had been said.
 */
export function breakTogether(secure: TLSSocket, carrier: Http2Stream): void {
  const tell = (): void => {
    if ((carrier.rstCode ?? 0) !== 0 || carrier.errored !== null) secure.destroy(new Error('The tunnel broke off.'));
  };
  carrier.prependListener('end', tell);
  carrier.on('close', tell);
  // oxlint-disable no-underscore-dangle -- the one place through which every destroy goes, and Node's name for it
  const destroy = secure._destroy.bind(secure);
  secure._destroy = (error, done) => {
    if (!carrier.destroyed && (error !== null || !secure.writableFinished)) carrier.destroy(error ?? new Error('The tunnel was dropped.'));
    destroy(error, done);
  };
  // oxlint-enable no-underscore-dangle
}
