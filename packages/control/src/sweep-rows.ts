// Forgetting rows that are over, some at a time: each step asks the rows themselves what is due, so that it may be cut off anywhere.
import type { ClusterRow, Row, RowMap } from '@iog/core';
import { type ControlPorts, change } from './ports.ts';
import { priceKeptMs } from './limits.ts';
import type { Query } from './store/store.ts';

const rowsAtOnce = 500;
const clustersAtOnce = 20;
const dayMs = 24 * 3_600_000;
/** Where the policy does not say. */
const uptimeKeptMs = 40 * dayMs;
const unapprovedKeptMs = 2 * 60_000;

/** Each removes at most some hundred rows and tells whether there may be more. */
export function rowSweeps(ports: ControlPorts): Readonly<Record<string, () => Promise<boolean>>> {
  const { retention } = ports.policy;
  const before = (keptMs: number): number => ports.clock.now() - keptMs;
  return {
    replies: () => sweep(ports, { kind: 'reply', index: 'age', atMost: before(retention.replyMs) }, () => true),
    enrolments: () => {
      const last = before(retention.enrolmentMs);
      return sweep(ports, { kind: 'enrolment', index: 'expiry', atMost: last }, (row) => row.expiresAt <= last);
    },
    uptime: () => {
      const last = Math.floor(before(retention.uptimeMs ?? uptimeKeptMs) / dayMs);
      return sweep(ports, { kind: 'uptime', index: 'age', atMost: last }, (row) => row.day <= last);
    },
    // As long after its end as an activity is kept: its uses can be looked up so long.
    tokens: () => {
      const last = before(retention.activityMs);
      return sweep(ports, { kind: 'join-token', index: 'expiry', atMost: last }, (row) => row.expiresAt <= last);
    },
    // Anyone may ask for one: what nobody approved goes as soon as its device has had time to hear that it expired.
    unapproved: () => {
      const last = before(unapprovedKeptMs);
      const isOver = ({ state, expiresAt }: RowMap['enrolment']): boolean => state === 'waiting' && expiresAt <= last;
      return sweep(ports, { kind: 'enrolment', index: 'waiting', atMost: last }, isOver);
    },
    invitations: () => {
      const last = before(retention.enrolmentMs);
      return sweep(ports, { kind: 'invitation', index: 'expiry', atMost: last }, (row) => row.expiresAt <= last);
    },
    // Ids sort by the time of their making: the first ones are the oldest.
    activity: () => sweep(ports, { kind: 'activity', index: 'all' }, (row) => row.at <= before(retention.activityMs)),
    prices: () => sweep(ports, { kind: 'price', index: 'age', atMost: before(priceKeptMs) }, () => true),
    stories: () => forgetStories(ports, before(retention.storyMs)),
    longStories: () => shortenStories(ports),
  };
}

/** Deletes the first rows of an index that are over. */
async function sweep<K extends Row['kind']>(
  ports: ControlPorts,
  listed: Omit<Query, 'limit'> & { readonly kind: K },
  isOver: (row: RowMap[K]) => boolean,
): Promise<boolean> {
  const first = async (limit: number): Promise<RowMap[K][]> =>
    (await ports.store.query({ ...listed, limit })).map(({ row }) => row as RowMap[K]);
  // Most steps find nothing due: one row tells.
  if (!(await first(1)).some(isOver)) return false;
  const due = (await first(rowsAtOnce)).filter(isOver).map((row) => row.id);
  await change(ports, async (read) => {
    const rows = (await read.many(listed.kind, due)).filter(isOver);
    return { writes: [], deletes: rows.map(({ kind, id }) => ({ kind, id })), value: undefined };
  });
  return due.length === rowsAtOnce;
}

/** Events and jobs of clusters that ended long ago; the cluster, its leases and its receipt stay. */
async function forgetStories(ports: ControlPorts, endedBy: number): Promise<boolean> {
  const over = await ports.store.query({ kind: 'cluster', index: 'told', atMost: endedBy, limit: clustersAtOnce });
  for (const { row } of over) {
    const { id } = row as ClusterRow;
    const events = { kind: 'event', index: 'cluster', equals: id } as const;
    if (await sweep(ports, events, () => true)) continue;
    await change(ports, async (read) => {
      const cluster = await read.one('cluster', id);
      if (!cluster) return { writes: [], value: undefined };
      const jobs = await read.many('job', cluster.jobs);
      const gone: ClusterRow = { ...cluster, storyGone: true };
      return { writes: [gone], deletes: jobs.map((job) => ({ kind: job.kind, id: job.id })), value: undefined };
    });
  }
  return over.length > 0;
}

/** Of a story that is too long the oldest events go. */
async function shortenStories(ports: ControlPorts): Promise<boolean> {
  const most = ports.policy.limits.clusterEvents;
  let more = false;
  let after: string | undefined;
  for (;;) {
    const live = await ports.store.query({ kind: 'cluster', index: 'live', limit: rowsAtOnce, ...(after === undefined ? {} : { after }) });
    for (const { row } of live) {
      const { id, events } = row as ClusterRow;
      const isOld = ({ seq }: { readonly seq: number }): boolean => seq <= events - most;
      if (events > most && (await sweep(ports, { kind: 'event', index: 'cluster', equals: id }, isOld))) more = true;
    }
    const last = live.length === rowsAtOnce ? live[live.length - 1] : undefined;
    if (!last) return more;
    after = last.row.id;
  }
}
