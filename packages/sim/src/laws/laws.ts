// The laws of DESIGN §7 that rows can show, each once. A law looks at one changed row and at what stands beside it.
import type { BalanceRow, ClusterRow, DeviceRow, EntryRow, LeaseRow, MinuteRow, Row } from '@iog/core';
import { accrued } from '@iog/protocol';
import type { Mirror } from './mirror.ts';

export interface Change {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  readonly rows: Mirror;
}

export interface Law {
  readonly name: string;
  /** What shows that it does not hold; undefined where it does. */
  readonly broken: (change: Change) => string | undefined;
}

type Of<K extends Row['kind']> = Extract<Row, { kind: K }>;
const of =
  <K extends Row['kind']>(kind: K, look: (after: Of<K>, before: Of<K> | undefined, rows: Mirror) => string | undefined): Law['broken'] =>
  ({ before, after, rows }) =>
    after?.kind === kind ? look(after as Of<K>, before as Of<K> | undefined, rows) : undefined;

const sumOf = (lines: EntryRow['lines']): bigint => lines.reduce((sum, line) => sum + line.amountMicro, 0n);
const leaseOrder: readonly LeaseRow['state'][] = ['reserved', 'active', 'ending', 'settled'];
const clusterOrder: readonly ClusterRow['state'][] = ['forming', 'running', 'ending', 'ended'];
const keptForGood: ReadonlySet<Row['kind']> = new Set([
  'account',
  'cluster',
  'lease',
  'minute',
  'balance',
  'entry',
  'receipt',
  'device',
  'key',
]);

export const laws: readonly Law[] = [
  {
    name: '1 an entry sums to zero',
    broken: of('entry', (entry) => (sumOf(entry.lines) === 0n ? undefined : `${entry.id} sums to ${sumOf(entry.lines)}`)),
  },
  { name: '1 an entry never changes', broken: of('entry', (entry, before) => (before ? `${entry.id} was written again` : undefined)) },
  {
    name: '1 no balance is below zero',
    broken: of('balance', ({ id, amountMicro }) => (amountMicro < 0n && id !== 'network/faucet' ? `${id} is ${amountMicro}` : undefined)),
  },
  {
    name: '1 a balance is what its entries sum to',
    broken: of('balance', ({ id, amountMicro }: BalanceRow, _, rows) =>
      rows.moved(id) === amountMicro ? undefined : `${id} is ${amountMicro}, its entries sum to ${rows.moved(id)}`,
    ),
  },
  {
    name: '2 held = paid + refunded + still held',
    broken: of('cluster', ({ id, heldMicro, paidMicro, refundedMicro }: ClusterRow, _, rows) => {
      const still = rows.get('balance', `${id}/hold`)?.amountMicro ?? 0n;
      return heldMicro === paidMicro + refundedMicro + still
        ? undefined
        : `${id}: held ${heldMicro}, paid ${paidMicro}, refunded ${refundedMicro}, still ${still}`;
    }),
  },
  {
    name: '2 an ended cluster holds nothing and has its receipt',
    broken: of('cluster', ({ id, state }: ClusterRow, _, rows) => {
      if (state !== 'ended') return undefined;
      if ((rows.get('balance', `${id}/hold`)?.amountMicro ?? 0n) !== 0n) return `${id} has ended and still holds money`;
      return rows.get('receipt', id) ? undefined : `${id} has ended without a receipt`;
    }),
  },
  {
    name: '2 a receipt says what was held, paid and refunded',
    broken: of('receipt', ({ id, receipt }, _, rows) => {
      const cluster = rows.get('cluster', id);
      const same =
        receipt.heldMicro === `${cluster?.heldMicro}` &&
        receipt.paidMicro === `${cluster?.paidMicro}` &&
        receipt.refundedMicro === `${cluster?.refundedMicro}`;
      return same ? undefined : `the receipt of ${id} says paid ${receipt.paidMicro}, refunded ${receipt.refundedMicro}`;
    }),
  },
  {
    name: '9 a cluster ends after its leases',
    broken: of('cluster', ({ id, state, leases }: ClusterRow, _, rows) => {
      const open = state === 'ended' ? leases.find((lease) => rows.get('lease', lease)?.state !== 'settled') : undefined;
      return open === undefined ? undefined : `${id} has ended, and ${open} has not`;
    }),
  },
  {
    name: '2 a cluster has paid what its leases were paid',
    broken: of('cluster', ({ id, paidMicro, leases }: ClusterRow, _, rows) => {
      const paid = leases.reduce((sum, lease) => sum + (rows.get('lease', lease)?.paidMicro ?? 0n), 0n);
      return paid === paidMicro ? undefined : `${id} has paid ${paidMicro}, its leases were paid ${paid}`;
    }),
  },
  {
    name: '2 a lease is paid for proven time, and no more',
    broken: of('lease', (lease: LeaseRow) => {
      const due = accrued(lease.rateMicroPerHour, lease.provenMs);
      return lease.paidMicro <= due ? undefined : `${lease.id} was paid ${lease.paidMicro} for ${due}`;
    }),
  },
  {
    name: '2 a settled lease is paid to the last unit',
    broken: of('lease', (lease: LeaseRow, _, rows) => {
      const due = accrued(lease.rateMicroPerHour, lease.provenMs);
      const left = rows.get('balance', `${lease.cluster}/hold`)?.amountMicro ?? 0n;
      return lease.state !== 'settled' || lease.paidMicro === due || left === 0n
        ? undefined
        : `${lease.id} was paid ${lease.paidMicro} of ${due}`;
    }),
  },
  {
    name: '2 proven time is the time of proven minutes',
    broken: of('lease', (lease: LeaseRow, _, rows) => {
      const proven = rows.provenMs(lease.id);
      return proven === lease.provenMs ? undefined : `${lease.id} counts ${lease.provenMs} ms proven, its minutes ${proven} ms`;
    }),
  },
  {
    name: '3 no unit is in two live leases',
    broken: of('device', ({ id, live }: DeviceRow) => {
      const cores = live.flatMap(({ slice }) => slice.cores);
      return new Set(cores).size === cores.length ? undefined : `${id} leases ${cores.join(' ')}`;
    }),
  },
  {
    name: '3 never more units than the device has',
    broken: of('device', ({ id, live, units }: DeviceRow) => {
      const memory = live.reduce((sum, { slice }) => sum + slice.memoryBytes, 0);
      const strange = live.flatMap(({ slice }) => slice.cores).filter((core) => !units.cores.includes(core));
      return strange.length === 0 && memory <= units.memoryBytes ? undefined : `${id} leases more than it has`;
    }),
  },
  {
    name: '3 a lease that may still run holds its units',
    broken: of('lease', (lease: LeaseRow, _, rows) => {
      if (lease.stopped || lease.state === 'settled') return undefined;
      const device = rows.get('device', lease.device);
      return device?.live.some((held) => held.lease === lease.id) === true
        ? undefined
        : `${lease.id} runs on units that ${lease.device} has given back`;
    }),
  },
  {
    name: '4 a verdict never changes',
    broken: of('minute', (minute: MinuteRow, before) => {
      const same = !before?.verdict || JSON.stringify(before.verdict) === JSON.stringify(minute.verdict);
      return same ? undefined : `${minute.id} had the verdict ${before.verdict?.kind} and has ${minute.verdict?.kind}`;
    }),
  },
  {
    name: '4 a receipt never changes',
    broken: of('receipt', (receipt, before) => (before ? `${receipt.id} was issued again` : undefined)),
  },
  {
    name: '6 epochs and generations never go back',
    broken: ({ before, after }) => {
      if (before?.kind === 'device' && after?.kind === 'device' && after.epoch < before.epoch)
        return `${after.id} went back to epoch ${after.epoch}`;
      if (before?.kind !== 'lease' || after?.kind !== 'lease') return undefined;
      if (after.generation < before.generation) return `${after.id} went back to generation ${after.generation}`;
      return (after.chain?.segment ?? 0) < (before.chain?.segment ?? 0)
        ? `${after.id} went back to segment ${after.chain?.segment}`
        : undefined;
    },
  },
  {
    name: '9 a lease and a cluster never go back to an earlier state',
    broken: ({ before, after }) => {
      if (before?.kind === 'lease' && after?.kind === 'lease' && leaseOrder.indexOf(after.state) < leaseOrder.indexOf(before.state))
        return `${after.id} went from ${before.state} to ${after.state}`;
      if (before?.kind !== 'cluster' || after?.kind !== 'cluster') return undefined;
      const isBack =
        clusterOrder.indexOf(after.state) < clusterOrder.indexOf(before.state) &&
        !(before.state === 'running' && after.state === 'forming');
      return isBack ? `${after.id} went from ${before.state} to ${after.state}` : undefined;
    },
  },
  {
    name: '10 what counts is never deleted',
    broken: ({ before, after }) =>
      before && !after && keptForGood.has(before.kind) ? `${before.kind} ${before.id} was deleted` : undefined,
  },
];
