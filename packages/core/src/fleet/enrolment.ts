// How a device comes in: it says what it is under a short code, then a supplier's key approves that code. The signature is checked before.
import type { AccountId, DeviceId, Enrolment, EnrolmentView, Instant, Policy, Prices, Rejection, Units } from '@iog/protocol';
import type { DeviceRow, EnrolmentRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { checkPrices } from './device.ts';
import { areDistinct } from './units.ts';

/**
 * Opens an enrolment under its code; `existing` is what that code names already. The same device may say it again.
 * `waiting` are all that wait for approval, however many a caller counts. Rejects `policy.runtime`, `enrolment.full`, and `request.refused` for units below the policy's minimum, named twice, or a code in use.
 */
export function enrolmentOpen(
  enrolment: Enrolment,
  now: Instant,
  policy: Policy,
  existing?: EnrolmentRow,
  waiting = 0,
): Decision<EnrolmentRow> {
  const { units, runtime, code } = enrolment;
  if (!policy.runtimes.includes(runtime)) return reject('policy.runtime', { runtime, policy: policy.name });
  if (units.cores.length < policy.minimum.cores) {
    return reject('request.refused', { detail: `units.cores has ${units.cores.length}, and ${policy.minimum.cores} is the least` });
  }
  if (units.memoryBytes < policy.minimum.memoryBytes) {
    return reject('request.refused', {
      detail: `units.memoryBytes is ${units.memoryBytes}, and ${policy.minimum.memoryBytes} is the least`,
    });
  }
  if (!areDistinct(units.cores) || !areDistinct(units.gpus.map((gpu) => gpu.uuid))) {
    return reject('request.refused', { detail: 'units names a core or a GPU twice' });
  }
  const inUse = existing && (existing.state === 'approved' || now < existing.expiresAt);
  if (inUse && existing.enrolment.publicKey !== enrolment.publicKey)
    return reject('request.refused', { detail: `the code ${code} is in use` });
  if (inUse) return accept([], existing);
  if (waiting >= policy.limits.waitingEnrolments) return reject('enrolment.full', { waiting, whom: 'in all' });
  const row: EnrolmentRow = {
    kind: 'enrolment',
    id: code,
    enrolment,
    state: 'waiting',
    device: null,
    expiresAt: now + policy.limits.enrolmentMs,
  };
  return accept([row], row);
}

export interface Approval {
  readonly account: AccountId;
  /** The id of the device, if it becomes a new one. */
  readonly deviceId: DeviceId;
  readonly region?: string | undefined;
  /** Of its own; else those of its supplier's book, else of the policy. */
  readonly prices?: Prices | undefined;
  readonly book?: Prices | undefined;
  readonly now: Instant;
  readonly policy: Policy;
}

/** Where a device is whose supplier names no region. */
export const regionUnnamed = 'local';

/**
 * The device that the code stands for. A device that enrols again with its key stays that device, with what it says anew. `others` are the
 * devices with the same public key, and the account's on the same host. Rejects `enrolment.unknown` (expired, or another account's),
 * `enrolment.approved`, `device.state` (enrolled by another account), `device.busy` (says other units while leases live on it),
 * `device.overlap` (another device of the host offers some of its cores, and it does not say that it shares), `request.refused` (prices).
 */
export function approve(row: EnrolmentRow, by: Approval, others: readonly DeviceRow[]): Decision<DeviceRow> {
  const { enrolment } = row;
  if (row.state === 'approved') {
    const device = others.find((other) => other.id === row.device && other.account === by.account);
    return device ? reject('enrolment.approved', { code: row.id, device: device.id }) : reject('enrolment.unknown', { code: row.id });
  }
  if (by.now >= row.expiresAt) return reject('enrolment.unknown', { code: row.id });
  const before = others.find((other) => other.publicKey === enrolment.publicKey && other.state !== 'removed');
  if (before && before.account !== by.account) return reject('device.state', { device: before.id, state: 'enrolled by another account' });
  if (before && before.live.length > 0 && !saysTheSame(before, row)) {
    return reject('device.busy', { device: before.id, leases: before.live.length, free: 'once its leases have ended and stopped' });
  }
  const overlap = overlapOf(row, by.account, others);
  if (overlap) return { ok: false, rejection: overlap };
  const keeps = before && !before.followsBook ? before.prices : undefined;
  const prices = by.prices ?? keeps ?? by.book ?? by.policy.defaultPrices;
  const wrong = checkPrices(prices, enrolment.units);
  if (wrong) return { ok: false, rejection: wrong };
  const device = before ? renewed(before, row, by, prices) : enrolled(row, by, prices);
  const approved: EnrolmentRow = { ...row, state: 'approved', device: device.id };
  return accept([device, approved], device);
}

/** Hosts are told by the name that their own account's devices give them: it is a guard against slips, not against an owner that lies. */
function overlapOf({ enrolment }: EnrolmentRow, account: AccountId, others: readonly DeviceRow[]): Rejection | undefined {
  if (enrolment.shareCores === true) return undefined;
  const neighbours = others.filter(
    (other) =>
      other.account === account && other.host === enrolment.host && other.state !== 'removed' && other.publicKey !== enrolment.publicKey,
  );
  for (const { id, name, host, units } of neighbours) {
    const twice = units.cores.filter((core) => enrolment.units.cores.includes(core)).toSorted((a, b) => a - b);
    if (twice.length > 0) return { code: 'device.overlap', context: { device: id, name, host, cores: twice.join(', ') } };
  }
  return undefined;
}

export function enrolmentView(row: EnrolmentRow, now: Instant): EnrolmentView {
  const state = row.state === 'waiting' && now >= row.expiresAt ? 'expired' : row.state;
  return { code: row.id, state, name: row.enrolment.name, device: row.device, expiresAt: row.expiresAt };
}

function enrolled({ enrolment }: EnrolmentRow, { account, deviceId, region, now, ...by }: Approval, prices: Prices): DeviceRow {
  const followsBook = by.prices === undefined;
  const { name, publicKey, recipient, recipientSignature, runtime, host, units } = enrolment;
  return {
    kind: 'device',
    id: deviceId,
    account,
    name,
    publicKey,
    recipient,
    recipientSignature,
    state: 'waiting',
    epoch: 0,
    region: region ?? regionUnnamed,
    runtime,
    host,
    units,
    prices,
    followsBook,
    proof: null,
    live: [],
    provenMs: 0,
    unprovenMs: 0,
    enrolledAt: now,
  };
}

/** The same device with what it says now: its history and epoch stay, its proof falls when its units are others. */
function renewed(before: DeviceRow, row: EnrolmentRow, { region, ...by }: Approval, prices: Prices): DeviceRow {
  const { name, recipient, recipientSignature, runtime, host, units } = row.enrolment;
  const same = saysTheSame(before, row);
  return {
    ...before,
    name,
    recipient,
    recipientSignature,
    runtime,
    host,
    units,
    region: region ?? before.region,
    prices,
    ...(by.prices === undefined ? {} : { followsBook: false }),
    proof: same ? before.proof : null,
    state: same || before.state === 'draining' ? before.state : 'waiting',
  };
}

/** Whether units, recipient and runtime are as before: what live leases stand on. */
function saysTheSame({ recipient, runtime, units }: DeviceRow, { enrolment }: EnrolmentRow): boolean {
  return recipient === enrolment.recipient && runtime === enrolment.runtime && textOf(units) === textOf(enrolment.units);
}

function textOf({ cores, memoryBytes, diskBytes, gpus }: Units): string {
  return JSON.stringify([cores, memoryBytes, diskBytes, gpus.map((gpu) => [gpu.uuid, gpu.model, gpu.memoryBytes])]);
}
