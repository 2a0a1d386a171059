// How devices come into the market index, change and leave it. The index is a hint: what a row says now, only the store knows.
import { type Policy, isolations } from '@iog/protocol';
import type { DeviceRow } from '../../rows.ts';
import { admissibleUntil } from '../../fleet/capacity.ts';
import { isolationLevel, reputation } from '../../fleet/device-view.ts';
import { freeUnits } from '../../fleet/units.ts';
import { setBit } from './bits.ts';
import { type Columns, blockBits, memoryStepBytes, reserve } from './columns.ts';

/** What live state knows of a device. */
export interface Liveness {
  readonly connected: boolean;
  readonly rttMs: number | null;
}

export function putDevice(all: Columns, device: DeviceRow, version: number, live: Liveness, policy: Policy): void {
  const { numbers, regions, accounts, terms, by } = all;
  const before = numbers.find(device.id);
  const at = numbers.take(device.id);
  reserve(all, numbers.end);
  const free = freeUnits(device);
  // Taken before what it had is given back, so that what stays the same keeps its number.
  const taken = {
    terms: terms.take(device, free.gpus),
    region: regions.take(device.region.toLowerCase()),
    account: accounts.take(device.account),
  };
  if (before !== undefined) giveBack(all, at);
  by.terms[at] = taken.terms;
  by.region[at] = taken.region;
  by.account[at] = taken.account;
  by.cores[at] = free.cores.length;
  by.isolation[at] = isolations.indexOf(isolationLevel(device.runtime));
  by.memoryBytes[at] = free.memoryBytes;
  by.reputation[at] = reputation(device.provenMs, device.unprovenMs);
  by.version[at] = version;
  all.regionBits.set(at, taken.region, true);
  setModels(all, at, true);
  all.coreBits.set(at, free.cores.length);
  all.gpuBits.set(at, free.gpus.length);
  all.memoryBits.set(at, Math.floor(free.memoryBytes / memoryStepBytes));
  setUntil(all, at, admissibleUntil(device, policy));
  setLive(all, at, live);
}

export function setLiveness(all: Columns, id: string, live: Liveness): void {
  const at = all.numbers.find(id);
  if (at !== undefined) setLive(all, at, live);
}

export function removeDevice(all: Columns, id: string): void {
  const at = all.numbers.drop(id);
  if (at === undefined) return;
  giveBack(all, at);
  setBit(all.by.connected, at, false);
  setBit(all.by.open, at, false);
}

function setLive({ by }: Columns, at: number, { connected, rttMs }: Liveness): void {
  setBit(by.connected, at, connected);
  by.rttMs[at] = rttMs ?? Number.POSITIVE_INFINITY;
}

function setUntil({ by }: Columns, at: number, until: number): void {
  const isOpen = until > Number.NEGATIVE_INFINITY;
  by.until[at] = until;
  setBit(by.open, at, isOpen);
  const block = at >>> blockBits;
  if (isOpen) by.earliest[block] = Math.min(by.earliest[block] as number, until);
}

function setModels({ terms, modelBits, by }: Columns, at: number, isSet: boolean): void {
  for (const { model } of terms.of(by.terms[at] as number).gpus) modelBits.set(at, model, isSet);
}

function giveBack(all: Columns, at: number): void {
  const { regions, accounts, terms, by } = all;
  setModels(all, at, false);
  all.regionBits.set(at, by.region[at] as number, false);
  terms.give(by.terms[at] as number);
  regions.give(by.region[at] as number);
  accounts.give(by.account[at] as number);
}
