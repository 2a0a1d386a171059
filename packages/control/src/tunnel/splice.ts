// Joins two HTTP/2 streams: bytes both ways, each half closing for itself, and a break of one breaking the other.
import type { Http2Stream } from 'node:http2';

/** Calls `done` once, when both are closed. */
export function splice(a: Http2Stream, b: Http2Stream, done: () => void): void {
  let open = 2;
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    // A reset looks like a clean end one layer up: ask the stream before pipe passes the end on.
    from.once('end', () => {
      if (wasReset(from)) abort(to);
    });
    from.pipe(to);
    from.once('close', () => {
      if (wasReset(from) || !from.readableEnded || !from.writableFinished) abort(to);
      if (--open === 0) done();
    });
  }
}

/** Ends a stream so that the other side sees a break. `close(code)` would send the mark of a clean end first. */
export function abort(stream: Http2Stream): void {
  if (!stream.destroyed) stream.destroy(new Error('The other side of the tunnel broke off.'));
}

function wasReset(stream: Http2Stream): boolean {
  return (stream.rstCode ?? 0) !== 0 || stream.errored !== null;
}
