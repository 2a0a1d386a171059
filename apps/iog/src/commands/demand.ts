// The options with which people say what they want to rent, and the demand they mean.
import { type AccountId, type Demand, isId, isolations, longestAskMs } from '@iog/protocol';
import { type Given, nearest } from '../arguments.ts';
import type { Options } from '../command.ts';
import { UsageError } from '../failure.ts';
import { gpuOf, leastMemoryBytes, memberOf, usualMemoryBytes } from './node-shape.ts';

const hourMs = 3_600_000;

export const demandOptions: Options = {
  nodes: { type: 'string', value: '<n>', help: 'Nodes (default 2; 1 with --member)' },
  cores: { type: 'string', value: '<n>', help: 'Cores of each node (default 1)' },
  memory: { type: 'string', value: '<size>', help: 'Memory of each node (default 2GB)' },
  gpu: { type: 'string', value: '<gpu>', help: 'GPUs of each node: a model or a least memory, and a count: H100, H100:2, 24GB+, any:4' },
  gpus: { type: 'string', value: '<n>', help: 'The same count apart (default 1)' },
  member: {
    type: 'string',
    value: '<group>',
    multiple: true,
    help: 'Further nodes of another shape, for less time if said: "4x cores=2,memory=8GB,gpu=H100:1,for=2h"; may be repeated',
  },
  cuda: { type: 'string', value: '<version>', help: 'The driver of its GPUs supports at least this CUDA: 12.8' },
  region: { type: 'string', value: '<name>', help: 'Only devices there' },
  tier: { type: 'string', value: '<name>', help: 'Only devices of this tier' },
  reputation: { type: 'string', value: '<share>', help: 'Only devices with at least this share of proven time: 0.9' },
  isolation: { type: 'string', value: '<kind>', help: `Only devices that keep nodes apart by at least: ${isolations.join(', ')}` },
  supplier: { type: 'string', value: '<acc>', multiple: true, help: 'Only devices of this account; may be repeated' },
  'without-supplier': { type: 'string', value: '<acc>', multiple: true, help: 'No devices of this account; may be repeated' },
  spread: { type: 'boolean', help: 'No two nodes of one supplier' },
  for: { type: 'string', value: '<time>', help: 'For how long, at most: 30m, 2h (default 30m)' },
  hours: { type: 'string', value: '<n>', help: 'The same in whole hours' },
  cap: { type: 'string', value: '<amount>', help: 'The most it may cost; held now, what is not used comes back' },
  'max-rate': { type: 'string', value: '<amount>', help: 'The most that all nodes together may cost an hour' },
};

export function demandOf(given: Given): Demand {
  const more = given.texts('member').map(memberOf);
  const gpu = gpuGiven(given);
  const memoryBytesPerNode = given.bytes('memory') ?? usualMemoryBytes;
  if (memoryBytesPerNode < leastMemoryBytes) throw new UsageError('--memory takes at least 100MB.');
  return {
    nodes: given.count('nodes', { max: 64 }) ?? (more.length > 0 ? 1 : 2),
    coresPerNode: given.count('cores', { max: 1024 }) ?? 1,
    memoryBytesPerNode,
    durationMs: timeGiven(given),
    ...(gpu === undefined ? {} : { gpu }),
    ...(more.length === 0 ? {} : { more }),
    ...wishesOf(given),
  };
}

/** Of all groups together. */
export function nodeCount({ nodes, more = [] }: Demand): number {
  return more.reduce((sum, group) => sum + group.nodes, nodes);
}

function timeGiven(given: Given): number {
  const hours = given.count('hours', { max: longestAskMs / hourMs });
  const time = given.durationMs('for');
  if (hours !== undefined && time !== undefined) throw new UsageError('--for and --hours say the same: give one.');
  const durationMs = time ?? (hours === undefined ? hourMs / 2 : hours * hourMs);
  if (durationMs < 60_000 || durationMs > longestAskMs) throw new UsageError(`--for takes a time from 1m to ${longestAskMs / hourMs}h.`);
  return durationMs;
}

function gpuGiven(given: Given): Demand['gpu'] {
  const text = given.text('gpu');
  const gpus = given.count('gpus', { max: 64 });
  if (text === undefined) {
    if (gpus !== undefined) throw new UsageError('--gpus needs --gpu with a model; `iog offers` shows them.');
    return undefined;
  }
  const { isCounted, ...gpu } = gpuOf('--gpu', text);
  if (isCounted && gpus !== undefined) throw new UsageError(`--gpu ${text} and --gpus both say how many: give one.`);
  return { ...gpu, count: gpus ?? gpu.count };
}

/** What devices must be besides large enough, and what all of it may cost. */
function wishesOf(given: Given): Partial<Demand> {
  const [cuda, region, tier, isolation] = [given.text('cuda'), given.name('region'), given.name('tier'), given.text('isolation')];
  const [reputationPermille, maxRate, cap] = [permilleOf(given.text('reputation')), given.amount('max-rate'), given.amount('cap')];
  const [suppliers, withoutSuppliers] = [accountsOf(given, 'supplier'), accountsOf(given, 'without-supplier')];
  if (cuda !== undefined && !/^[0-9]{1,3}\.[0-9]{1,3}$/.test(cuda))
    throw new UsageError(`--cuda takes a version such as 12.8, not "${cuda}".`);
  return {
    ...(cuda === undefined ? {} : { cuda }),
    ...(region === undefined ? {} : { region }),
    ...(tier === undefined ? {} : { tier }),
    ...(reputationPermille === undefined ? {} : { reputationPermille }),
    ...(isolation === undefined ? {} : { isolation: isolationOf(isolation) }),
    ...(suppliers.length === 0 ? {} : { suppliers }),
    ...(withoutSuppliers.length === 0 ? {} : { withoutSuppliers }),
    ...(given.flag('spread') ? { spreadOver: 'suppliers' } : {}),
    ...(maxRate === undefined ? {} : { maxMicroPerHour: String(maxRate) }),
    ...(cap === undefined ? {} : { capMicro: String(cap) }),
  };
}

function permilleOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(0?\.[0-9]{1,3}|[01](\.0{1,3})?)$/.test(text))
    throw new UsageError(`--reputation takes a share from 0 to 1 such as 0.9, not "${text}".`);
  return Math.round(Number(text) * 1_000);
}

function isolationOf(text: string): NonNullable<Demand['isolation']> {
  const found = isolations.find((each) => each === text.toLowerCase());
  if (found !== undefined) return found;
  const meant = nearest(text, isolations);
  throw new UsageError(`--isolation takes ${isolations.join(', ')}, not "${text}".${meant === undefined ? '' : ` Did you mean ${meant}?`}`);
}

function accountsOf(given: Given, flag: string): AccountId[] {
  return [...new Set(given.texts(flag))].map((text) => {
    if (!isId('acc', text)) throw new UsageError(`--${flag} takes an account such as acc_…, not "${text}".`);
    return text;
  });
}
