// What a hostile device puts into its session: malformed, huge, replayed, of an old epoch, for a lease that is another's.
import type { LeaseRow } from '@iog/core';
import type { SimDevice } from '../actors/device.ts';
import type { Network } from '../network.ts';
import type { Fault } from './plan.ts';

export function hostileTexts(network: Network, { id: self }: SimDevice, said: readonly string[], { id, strength }: Fault): string[] {
  const draw = network.world.chance(`hostile/${id}`);
  const open = network.court.rows.all('lease').filter(({ state }) => state !== 'settled');
  const others = open.filter(({ device }) => device !== self);
  const lease = others.length > 0 && draw.hits(0.8) ? draw.pick(others) : open.at(-1);
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
        ? [beat.replace(/"observed":\[.*\]/, `"observed":[${JSON.stringify(claimed(lease, draw.pick(['ready', 'stopped', 'failed'])))}]`)]
        : [],
  ];
  // Its own words among them, or claims: the last two.
  const some = [draw.pick(ways), ways[ways.length - 1], draw.pick(ways)];
  return (strength < 0.5 ? some.slice(0, 1) : some).flatMap((way) => way?.() ?? []);
}

/** A lease that this device says to run: its own or another's. */
function claimed({ id, generation, incarnation }: LeaseRow, step: string) {
  return {
    lease: id,
    generation,
    incarnation,
    step,
    detail: '',
    address: null,
    rayNodeId: 'f'.repeat(56),
    jobs: [],
    closing: null,
    idleMs: 0,
  };
}
