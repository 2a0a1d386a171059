// Shows the court the world behind the rows: what was heard, what ran, and what control has said to keep.
import type { LeaseId } from '@iog/protocol';
import type { SimDevice } from '../actors/device.ts';
import type { Network } from '../network.ts';
import { simPolicy } from '../policy.ts';

interface Acknowledged {
  readonly lease: LeaseId;
  readonly segment: number;
  readonly index: number;
}

export function witness(network: Pick<Network, 'court' | 'net' | 'world' | 'devices' | 'controls'>): void {
  const { court, net, world, devices } = network;
  const heardAt = new Map<string, number>();
  const byId = (id: string): SimDevice[] => devices.filter((device) => device.id === id);
  net.heard = (device) => heardAt.set(device, world.now);
  // Evidence is on the device's disk before it is sent.
  net.says = (name, text) => {
    const [, lease] = /^\{"type":"evidence".*"lease":"(lea_[0-9a-z]{26})"/.exec(text) ?? [];
    if (lease === undefined) return;
    const device = devices.find(({ proc }) => proc.name === name);
    const spool = Buffer.from(device?.disk.files.get(`/device/spool/${lease}.chain`)?.bytes ?? []).toString();
    const missing = text.match(/"bytes":"[A-Za-z0-9_-]+"/g)?.find((bytes) => !spool.includes(bytes));
    if (missing !== undefined)
      court.breaks('10 evidence is on disk before it is sent', `${name} sent a sample of ${lease} that is not in its spool`);
  };
  net.told = (device, text) => {
    if (!text.startsWith('{"type":"acknowledged"')) return;
    // What control says to have is in the lease's chain already.
    const { lease, segment, index } = JSON.parse(text) as Acknowledged;
    const chain = court.rows.one('lease', lease)?.chain;
    const has = chain && (chain.segment > segment || (chain.segment === segment && chain.index >= index));
    if (!has) court.breaks('10 what was acknowledged is kept', `${device} was told that sample ${segment}/${index} of ${lease} is kept`);
  };
  court.world = {
    isHonest: (id) => byId(id).length === 1 && !byId(id).some(({ hasLied }) => hasLied),
    wasReady: (lease) => devices.some(({ host }) => host.readied.has(lease)),
    runs: (lease, id) => byId(id).some(({ host }) => host.nodes.get(lease as LeaseId)?.runs === true),
    silentMs: (id) => {
      const at = Math.max(...byId(id).map(({ proc }) => heardAt.get(proc.name) ?? 0));
      return world.now - at;
    },
    didTheWork: (id) => byId(id).some(({ host, isClone }) => isClone || host.lastWorkWasDone),
    lostAfterMs: simPolicy.session.lostAfterMs,
    maxGapMs: simPolicy.evidence.maxGapMs,
  };
}
