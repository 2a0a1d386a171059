// The laws of a change: what a commit may make of the rows that were there. What must hold of rows at any moment, @iog/control says.
import type { ClusterRow, LeaseRow, Row } from '@iog/core';
import type { Touched } from './mirror.ts';

export interface Law {
  readonly name: string;
  /** What shows that it does not hold; undefined where it does. */
  readonly broken: (change: Touched) => string | undefined;
}

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
    name: '1 an entry never changes',
    broken: ({ before, after }) => (after?.kind === 'entry' && before ? `${after.id} was written again` : undefined),
  },
  {
    name: '4 a verdict never changes',
    broken({ before, after }) {
      if (after?.kind !== 'minute' || before?.kind !== 'minute' || !before.verdict) return undefined;
      const same = JSON.stringify(before.verdict) === JSON.stringify(after.verdict);
      return same ? undefined : `${after.id} had the verdict ${before.verdict.kind} and has ${after.verdict?.kind}`;
    },
  },
  {
    name: '4 a receipt never changes',
    broken: ({ before, after }) => (after?.kind === 'receipt' && before ? `${after.id} was issued again` : undefined),
  },
  {
    name: '6 epochs and generations never go back',
    broken({ before, after }) {
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
    broken({ before, after }) {
      if (before?.kind === 'lease' && after?.kind === 'lease' && leaseOrder.indexOf(after.state) < leaseOrder.indexOf(before.state))
        return `${after.id} went from ${before.state} to ${after.state}`;
      if (before?.kind !== 'cluster' || after?.kind !== 'cluster') return undefined;
      const formsAgain = before.state === 'running' && after.state === 'forming';
      const isBack = clusterOrder.indexOf(after.state) < clusterOrder.indexOf(before.state) && !formsAgain;
      return isBack ? `${after.id} went from ${before.state} to ${after.state}` : undefined;
    },
  },
  {
    name: '10 what counts is never deleted',
    broken: ({ before, after }) =>
      before && !after && keptForGood.has(before.kind) ? `${before.kind} ${before.id} was deleted` : undefined,
  },
];
