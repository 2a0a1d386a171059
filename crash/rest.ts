// When a network has come to rest after a blow: everybody is back, and every lease is live, or ended and settled.
import type { IogClient } from '@iog/client';
import type { ClusterRow, LeaseRow } from '@iog/core';
import type { CrashNetwork } from './network.ts';
import { until } from './until.ts';

/** What still moves, in words; '' when nothing does. A cluster that waits for units that others hold is at rest. */
function moving(rows: readonly (LeaseRow | ClusterRow)[]): string {
  const leases = rows.filter((row): row is LeaseRow => row.kind === 'lease' && row.state !== 'active' && row.state !== 'settled');
  const clusters = rows.filter((row): row is ClusterRow => row.kind === 'cluster' && row.state === 'ending');
  return [
    ...leases.map(({ id, state, step, detail, endReason }) => `${id} is ${state} (${step} ${detail} ${endReason ?? ''})`),
    ...clusters.map(({ id, waitsFor }) => `${id} is ending, waits for ${waitsFor}`),
  ].join('; ');
}

export async function comeToRest(network: CrashNetwork, owner: IogClient, withinMs: number): Promise<void> {
  let away: string[] = [];
  const allBack = async (): Promise<boolean> => {
    const devices = await owner.items('device.list', {});
    away = devices.filter(({ connected, state }) => !connected || state === 'waiting').map(({ name, state }) => `${name} (${state})`);
    return away.length === 0;
  };
  await until('every device to be back', withinMs, allBack, () => away.join(', '));
  let left = '';
  await until(
    'every lease to be live or settled',
    withinMs,
    async () => (left = moving(await network.rows('lease', 'cluster'))) === '',
    () => left,
  );
}

/** All clusters ended, with nothing held and every lease settled. */
export async function comeToEnd(network: CrashNetwork, withinMs: number): Promise<void> {
  const open = async (): Promise<ClusterRow[]> => (await network.rows('cluster')).filter(({ state }) => state !== 'ended');
  let left = await open();
  const said = (): string => left.map(({ id, state, waitsFor }) => `${id} is ${state}, waits for ${waitsFor}`).join('; ');
  await until('every cluster to be ended', withinMs, async () => (left = await open()).length === 0, said);
}
