// Uploads that are under way: how many at once, of each caller and in all. Each holds a connection, room of its account and a file until it ends.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rejection } from '@iog/protocol';
import { unprovenUploads, uploadLimits } from '../limits.ts';

export interface Uploader {
  readonly name: string;
  /** Of one who has proven nothing yet: a signature is checked only once its body is there. */
  readonly network: string | undefined;
}

export interface Uploads {
  /** Counts one until its answer has ended; the rejection where there are too many. */
  begin(kind: keyof typeof uploadLimits, caller: Uploader, response: Pick<ServerResponse, 'destroyed' | 'once'>): Rejection | undefined;
}

export function uploads(): Uploads {
  const underWay = new Map<string, number>();
  const count = (name: string, more: number): void => {
    const now = (underWay.get(name) ?? 0) + more;
    if (now > 0) underWay.set(name, now);
    else underWay.delete(name);
  };
  return {
    begin(kind, caller, response) {
      const { each, all } = uploadLimits[kind];
      const own = `${kind}/${caller.name}`;
      const places = [own, kind];
      if ((underWay.get(own) ?? 0) >= each) return tooMany(each, 'one caller');
      if ((underWay.get(kind) ?? 0) >= all) return tooMany(all, 'all together');
      if (caller.network !== undefined) {
        const network = `${kind}/from ${caller.network}`;
        if ((underWay.get(network) ?? 0) >= unprovenUploads) return tooMany(unprovenUploads, 'devices of one address');
        places.push(network);
      }
      // One that went while its name was looked up tells its end to nobody.
      if (response.destroyed) return undefined;
      for (const place of places) count(place, 1);
      response.once('close', () => {
        for (const place of places) count(place, -1);
      });
      return undefined;
    },
  };
}

function tooMany(most: number, whom: string): Rejection {
  return { code: 'blob.uploads', context: { uploads: most, whom } };
}

/** The caller went before its body had come: nobody's error here, and nobody is left to be told. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

export function isCut({ destroyed, complete }: Pick<IncomingMessage, 'destroyed' | 'complete'>): boolean {
  return destroyed && !complete;
}

/** The bytes of a request, as they come. */
export async function* bodyOf(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Not destroyed where the reader stops early: the answer goes over the same connection.
    for await (const chunk of message.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch (cause) {
    throw new CallerGone('the caller went before its body had come', { cause });
  }
  if (isCut(message)) throw new CallerGone('the caller went before its body had come');
}
