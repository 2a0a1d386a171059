// The market index of this process: fed by its own commits and by live state, healed by the sweep. A hint: the truth is the row at its version.
import type { Demand, Instant } from '@iog/protocol';
import { type Candidate, type DeviceRow, type Found, type MarketIndex, marketIndex } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import { marketLimits } from '../limits.ts';
import type { Commit, Store, StoredRow, Versioned } from '../store/store.ts';

export interface Market {
  readonly index: MarketIndex;
  /** The same store: what is committed through it about devices, the index knows at once. */
  readonly store: Store;
  /** What the index finds, with the rows of the best devices as they are now. */
  look(this: void, demand: Demand, now: Instant): Promise<Looked>;
  /** A row as it was read; an older one than is known changes nothing. */
  take(this: void, read: Versioned<StoredRow>): void;
  /** Told of devices that are connected and whose rows are not known. */
  readonly unknown: Set<string>;
  /** Called when there is one more. */
  wanted: () => void;
  /** Whether all devices have been read once. */
  isWhole: boolean;
}

export interface MarketPorts extends ControlPorts {
  readonly market: Market;
}

export interface Looked {
  readonly found: Found;
  readonly candidates: readonly Candidate[];
}

type Ports = Pick<ControlPorts, 'store' | 'live' | 'policy'>;

export function marketOf({ store, live, policy }: Ports): Market {
  const index = marketIndex(policy);
  const unknown = new Set<string>();
  const liveOf = (device: string): Omit<Candidate, 'device'> => ({
    connected: live.isConnected(device),
    rttMs: live.seen(device)?.rttMs ?? null,
  });
  const put = (row: DeviceRow, version: number): void => {
    if (row.state === 'removed') index.remove(row.id);
    else index.put(row, version, liveOf(row.id));
  };
  const take = ({ row, version }: Versioned<StoredRow>): void => {
    const known = index.versionOf(row.id);
    if (known !== undefined && known >= version) index.live(row.id, liveOf(row.id));
    else put(row as DeviceRow, version);
  };
  live.watch((device) => {
    index.live(device, liveOf(device));
    if (index.versionOf(device) === undefined && live.isConnected(device) && unknown.size < marketLimits.unknown) {
      unknown.add(device);
      market.wanted();
    }
  });

  /** Whether each of these devices is as the index took it for; what is not, it learns. */
  const learn = (ids: readonly string[], rows: readonly (Versioned<StoredRow> | undefined)[]): boolean => {
    let isTrue = true;
    for (const [i, id] of ids.entries()) {
      const read = rows[i];
      isTrue &&= read !== undefined && read.version === index.versionOf(id) && live.isConnected(id);
      if (read) take(read);
      else index.remove(id);
    }
    return isTrue;
  };

  const market: Market = {
    index,
    unknown,
    wanted: () => undefined,
    isWhole: false,
    take,
    async look(demand, now) {
      const { spares } = marketLimits;
      for (let searches = 1; ; searches++) {
        const found = index.search(demand, now, spares[searches - 1]);
        const rows = await store.load(found.best.map((id) => ({ kind: 'device', id })));
        if (!learn(found.best, rows) && searches < spares.length) continue;
        const known = rows.flatMap((read) => (read ? [read.row as DeviceRow] : []));
        return { found, candidates: known.map((device) => ({ device, ...liveOf(device.id) })) };
      }
    },
    store: {
      ...store,
      async commit(commit) {
        const result = await store.commit(commit);
        // Two commits may be told of in either order.
        if (result.ok)
          for (const { row, version } of devicesOf(commit))
            if (version === 0 || version > (index.versionOf(row.id) ?? 0)) put(row, version);
        return result;
      },
    },
  };
  return market;
}

/** Devices that a commit has written, at the versions that they have now: one more than was read; 0 where it was not, until it is read. */
function devicesOf({ reads, writes }: Commit): { row: DeviceRow; version: number }[] {
  const rows = writes.filter(({ kind }) => kind === 'device');
  if (rows.length === 0) return [];
  const read = new Map(reads.filter(({ key }) => key.kind === 'device').map(({ key, version }) => [key.id, version]));
  return rows.map((row) => {
    const before = read.get(row.id) ?? 0;
    return { row: row as DeviceRow, version: before === 0 ? 0 : before + 1 };
  });
}
