// The id by which a request is found in the logs; every answer carries it.
import { toHex } from '@iog/seal';

export function requestIds({ random }: { random(this: void, bytes: number): Uint8Array }): () => string {
  return () => `req_${toHex(random(12))}`;
}
