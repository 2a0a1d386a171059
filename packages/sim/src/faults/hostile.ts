// What a hostile device puts into its session: malformed, huge, replayed, of an old epoch, for a lease that is another's.
import type { Network } from '../network.ts';

export function hostileTexts(network: Network, said: readonly string[], id: number, strength: number): string[] {
  const draw = network.world.chance(`hostile/${id}`);
  const [lease] = network.court.rows.all('lease').slice(-1);
  const stale = said.map((text) => text.replace(/"epoch":\d+/, '"epoch":0'));
  const beat = said.findLast((text) => text.startsWith('{"type":"beat"')) ?? '{}';
  const ways: (() => string[])[] = [
    () => ['{', 'null', '"beat"', '{"type":"beat","epoch":-1,"observed":[]}'],
    () => [JSON.stringify({ type: 'beat', epoch: 1, observed: [], padding: 'x'.repeat(200_000) })],
    () => [...said],
    () => stale,
    () => [draw.pick(['{"type":"hello"}', '{"type":"pulse-answer","nonce":"' + '0'.repeat(64) + '"}'])],
    () => (lease ? [beat.replaceAll(/lea_[0-9a-z]{26}/g, lease.id).replaceAll(/"step":"[a-z]+"/g, '"step":"ready"')] : []),
    () =>
      lease
        ? [beat.replace('"observed":[]', `"observed":[${JSON.stringify(claimed(lease.id, lease.generation, lease.incarnation))}]`)]
        : [],
  ];
  return ways[Math.floor(strength * ways.length)]?.() ?? [];
}

/** A lease that this device says to run: its own or another's. */
function claimed(lease: string, generation: number, incarnation: number) {
  return {
    lease,
    generation,
    incarnation,
    step: 'ready',
    detail: '',
    address: null,
    rayNodeId: 'f'.repeat(56),
    jobs: [],
    closing: null,
    idleMs: 0,
  };
}
