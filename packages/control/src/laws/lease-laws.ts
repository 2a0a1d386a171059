// The laws of units and time: no unit is rented twice, and every minute of a lease is decided once and counted once.
import { type LeaseRow, type Row, areDistinct, groupOf, groupsOf } from '@iog/core';
import { minuteMs } from '@iog/protocol';
import { type Law, unless } from './books.ts';

/** No unit of a device is in two live leases. */
export const noUnitIsInTwoLeases: Law = (books) =>
  books.all('device').flatMap(({ id, live }) => {
    const cores = live.flatMap(({ slice }) => slice.cores);
    const gpus = live.flatMap(({ slice }) => slice.gpus);
    const once = areDistinct(cores) && areDistinct(gpus) && areDistinct(live.map(({ lease }) => lease));
    return unless(once, id, `its leases hold the cores ${cores.join(', ')} and the GPUs ${gpus.join(', ')}`);
  });

/** Never more units than the device was measured to have. */
export const noLeaseHoldsMoreThanWasMeasured: Law = (books) =>
  books.all('device').flatMap(({ id, units, live }) => {
    const bytes = live.reduce((total, { slice }) => total + slice.memoryBytes, 0);
    const gpus = new Set(units.gpus.map(({ uuid }) => uuid));
    const has = live.every(
      ({ slice }) => slice.cores.every((core) => units.cores.includes(core)) && slice.gpus.every((gpu) => gpus.has(gpu)),
    );
    return unless(
      has && bytes <= units.memoryBytes,
      id,
      `its leases hold ${bytes} of ${units.memoryBytes} bytes, or units that it has not`,
    );
  });

/** A live lease holds its slice of its device; what a device holds belongs to a lease that was not reported stopped. */
export const everySliceBelongsToItsLease: Law = (books) => {
  const unheld = books.all('lease').flatMap((lease) => {
    const held = books.one('device', lease.device)?.live.find((each) => each.lease === lease.id);
    const same = held !== undefined && JSON.stringify(held.slice) === JSON.stringify(lease.slice);
    return unless(!isLive(lease) || same, lease.id, `${lease.state}, and its device ${lease.device} holds ${JSON.stringify(held ?? null)}`);
  });
  const orphaned = books.all('device').flatMap(({ id, live }) =>
    live.flatMap(({ lease }) => {
      const row = books.one('lease', lease);
      return unless(
        row !== undefined && !row.stopped && row.device === id,
        id,
        `it holds units for ${lease}, ${row ? 'which has stopped' : 'which is not'}`,
      );
    }),
  );
  return [...unheld, ...orphaned];
};

/** A lease has the shape that its group asks for, and costs no more than the group may. */
export const everyLeaseIsOfItsGroup: Law = (books) =>
  books.all('lease').flatMap((lease) => {
    const cluster = books.one('cluster', lease.cluster);
    if (!cluster) return [];
    const group = groupsOf(cluster)[groupOf(lease)];
    const { cores, memoryBytes, gpus } = lease.slice;
    const fits =
      group !== undefined &&
      cores.length === group.shape.coresPerNode &&
      memoryBytes === group.shape.memoryBytesPerNode &&
      gpus.length === (group.shape.gpu?.count ?? 0) &&
      lease.rateMicroPerHour <= group.topRateMicroPerHour;
    const detail = `group ${groupOf(lease)}: ${cores.length} cores, ${memoryBytes} bytes, ${gpus.length} GPUs at ${lease.rateMicroPerHour}`;
    return unless(fits, lease.id, detail);
  });

/** Verdicts are given once, in order: the minutes before `nextMinute` have one, those from it on have none. */
export const everyMinuteIsDecidedInOrder: Law = (books) =>
  books.all('lease').flatMap(({ id, nextMinute }) => {
    const minutes = books.minutesOf(id);
    const decided = minutes.filter(({ verdict }) => verdict !== null).map(({ k }) => k);
    const inOrder = decided.length === nextMinute && decided.every((k, i) => k === i);
    return unless(inOrder, id, `the next minute is ${nextMinute}, and decided are ${decided.join(', ')}`);
  });

/** The time of a lease is the time of its verdicts: proven and unproven milliseconds, minute by minute. */
export const everyLeaseCountsItsVerdicts: Law = (books) =>
  books.all('lease').flatMap((lease) => {
    const [proven, unproven] = [verdictMs(books.minutesOf(lease.id), true), verdictMs(books.minutesOf(lease.id), false)];
    const counts = proven === lease.provenMs && unproven === lease.unprovenMs;
    return unless(counts, lease.id, `${lease.provenMs} + ${lease.unprovenMs} ms; its verdicts say ${proven} + ${unproven}`);
  });

/** A settled lease was decided whole: from T1 to T2, not a millisecond more or less. */
export const everySettledLeaseIsDecidedWhole: Law = (books) =>
  books
    .all('lease')
    .filter(({ state }) => state === 'settled')
    .flatMap(({ id, startedAt, endedAt, provenMs, unprovenMs }) => {
      const runMs = startedAt === null ? 0 : (endedAt ?? Number.NaN) - startedAt;
      return unless(provenMs + unprovenMs === runMs, id, `it ran ${runMs} ms, and ${provenMs} + ${unprovenMs} ms are decided`);
    });

function isLive({ state }: LeaseRow): boolean {
  return state === 'reserved' || state === 'active';
}

function verdictMs(minutes: readonly Extract<Row, { kind: 'minute' }>[], proven: boolean): number {
  return minutes
    .filter(({ verdict }) => verdict !== null && (verdict.kind === 'proven') === proven)
    .reduce((total, { from, to }) => total + Math.min(minuteMs, to - from), 0);
}
