// The tables of control's store: each kind of row with the indexes that its lists and loops need.
import type { RowMap } from '@iog/core';
import type { TableSpec } from './store/store.ts';

type Indexed<R> = TableSpec<R>['indexes'];
/** `lacking`: required fields that rows of earlier builds were written without, and what is true of such a row. */
const spec = <K extends keyof RowMap>(
  kind: K,
  indexes: Indexed<RowMap[K]> = {},
  lacking?: Readonly<Partial<RowMap[K]>>,
): TableSpec<RowMap[K]> => ({ kind, indexes, ...(lacking ? { lacking: { ...lacking } } : {}) });

export const tables = [
  spec('account', { all: (row) => ({ sort: row.id }) }),
  spec('key', { account: (row) => ({ equals: row.account, sort: row.key }), key: (row) => ({ equals: row.key }) }),
  spec('invitation', {
    account: (row) => ({ equals: row.account, sort: row.invitation }),
    invitation: (row) => ({ equals: row.invitation }),
    expiry: (row) => ({ sort: row.expiresAt }),
  }),
  spec('activity', { account: (row) => ({ equals: row.account, sort: row.id }), all: (row) => ({ sort: row.id }) }),
  spec('reply', { age: (row) => ({ sort: row.at }) }),
  spec('enrolment', {
    expiry: (row) => ({ sort: row.expiresAt }),
    waiting: (row) => (row.state === 'waiting' ? { sort: row.expiresAt } : undefined),
    publicKey: (row) => (row.state === 'waiting' ? { equals: row.enrolment.publicKey, sort: row.id } : undefined),
  }),
  spec('uptime', { device: (row) => ({ equals: row.device, sort: row.day }), age: (row) => ({ sort: row.day }) }),
  spec('join-token', {
    account: (row) => ({ equals: row.account, sort: row.token }),
    token: (row) => ({ equals: row.token }),
    expiry: (row) => ({ sort: row.expiresAt }),
  }),
  spec(
    'device',
    {
      account: (row) => ({ equals: row.account, sort: row.id }),
      all: (row) => ({ sort: row.id }),
      publicKey: (row) => ({ equals: row.publicKey }),
      host: (row) => (row.state === 'removed' ? undefined : { equals: `${row.account}/${row.host}`, sort: row.id }),
    },
    // There were no price books: each device has prices of its own.
    { followsBook: false },
  ),
  spec('cluster', {
    account: (row) => ({ equals: row.account, sort: row.id }),
    live: (row) => (row.state === 'ended' ? undefined : { sort: row.id }),
    // What is left of a hold goes back in the commit that ends the cluster: an ended one holds nothing.
    holding: (row) => (row.state === 'ended' ? undefined : { equals: row.account, sort: row.id }),
    told: (row) => (row.state === 'ended' && row.storyGone !== true ? { sort: row.endedAt ?? 0 } : undefined),
  }),
  spec('lease', {
    cluster: (row) => ({ equals: row.cluster, sort: row.id }),
    open: (row) => (row.state === 'active' || row.state === 'ending' ? { sort: row.id } : undefined),
  }),
  // Absences were not noted; a minute that had its verdict keeps it.
  spec('minute', { lease: (row) => ({ equals: row.lease, sort: row.id }) }, { absences: [] }),
  spec('job', { cluster: (row) => ({ equals: row.cluster, sort: row.id }) }),
  spec('blob', { due: (row) => ({ sort: row.state === 'going' ? 0 : row.keepUntil }) }),
  spec('shelf'),
  spec('balance'),
  spec('entry', {
    account: (row) => ({ equals: row.account, sort: row.id }),
    subject: (row) => ({ equals: row.subject, sort: row.id }),
    earned: (row) => {
      const earner = row.lines.find(({ account }) => account.endsWith('/earned'))?.account.slice(0, -'/earned'.length);
      return earner === undefined || earner === row.account ? undefined : { equals: earner, sort: row.id };
    },
    faucet: (row) => (row.entry === 'faucet' ? { equals: row.account, sort: row.id } : undefined),
  }),
  spec('event', { cluster: (row) => ({ equals: row.cluster, sort: row.seq }) }),
  spec('book', { moving: (row) => (row.pricedTo === null ? undefined : { sort: row.id }) }),
  spec('price', { class: (row) => ({ equals: row.class, sort: row.day }), age: (row) => ({ sort: row.day }) }),
  spec('receipt'),
  spec('statement'),
  spec('clock'),
  spec('network'),
  spec('replica', { all: (row) => ({ sort: row.id }) }),
  spec('shard'),
  spec('presence', { all: (row) => ({ sort: row.id }) }),
] as readonly TableSpec<never>[];
