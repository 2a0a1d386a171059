// How people write the GPUs of a node and a group of nodes: `H100:2`, `24GB+`, `4x cores=2,memory=8GB,gpu=H100:1,for=2h`.
import { isName, type NodeShape, parseDurationMs } from '@iog/protocol';
import { nearest } from '../arguments.ts';
import { UsageError } from '../failure.ts';
import { parseBytes } from '../terminal/format.ts';

export const leastMemoryBytes = 100_000_000;
export const usualMemoryBytes = 2_000_000_000;
const most = { nodes: 64, cores: 1024, gpus: 64 } as const;
const parts = ['cores', 'memory', 'gpu', 'for'] as const;
const gpuForms = 'a model or a least memory, each with a count if above one: H100, H100:2, 24GB+, 24GB+:2, any:4';

/** `flag` is what an error names. A count may stand behind a colon; `any` is every model. */
export function gpuOf(flag: string, text: string): NonNullable<NodeShape['gpu']> & { readonly isCounted: boolean } {
  const [, what = '', counted] = /^(.*?)(?::([0-9]{1,6}))?$/.exec(text) ?? [];
  const count = counted === undefined ? 1 : Number(counted);
  const isCounted = counted !== undefined;
  if (count < 1 || count > most.gpus) throw new UsageError(`${flag} takes from 1 to ${most.gpus} GPUs a node, not "${text}".`);
  if (what.endsWith('+')) {
    const memoryBytes = parseBytes(what.slice(0, -1));
    if (memoryBytes === undefined || memoryBytes === 0) throw new UsageError(`${flag} takes ${gpuForms}; not "${text}".`);
    return { memoryBytes, count, isCounted };
  }
  if (what.toLowerCase() === 'any') return { count, isCounted };
  if (!isName(what)) throw new UsageError(`${flag} takes ${gpuForms}; not "${text}".`);
  return { model: what, count, isCounted };
}

/** A group of nodes beside the first. */
export function memberOf(text: string): NodeShape {
  const refuse = (why: string): UsageError => new UsageError(`--member "${text}": ${why}`);
  const [, counted = '1', rest = ''] = /^\s*(?:([0-9]{1,6})\s*x(?:\s+|$))?(.*)$/i.exec(text) ?? [];
  const nodes = Number(counted);
  if (nodes < 1 || nodes > most.nodes) throw refuse(`a group has from 1 to ${most.nodes} nodes.`);
  const said = new Map<string, string>();
  for (const piece of rest.split(',').map((each) => each.trim())) {
    if (piece === '') continue;
    const [name = '', value = ''] = piece.split(/=(.*)/s).map((each) => each.trim());
    if (!(parts as readonly string[]).includes(name)) {
      const meant = nearest(name, parts);
      throw refuse(
        `there is no "${name}"${meant === undefined ? '' : `, did you mean ${meant}?`} It takes ${parts.join(', ')}, as in 4x cores=2,memory=8GB,gpu=H100:1,for=2h.`,
      );
    }
    if (said.has(name)) throw refuse(`${name} is said twice.`);
    said.set(name, value);
  }
  const [cores, memory, gpu, time] = parts.map((name) => said.get(name));
  const memoryBytesPerNode = memory === undefined ? usualMemoryBytes : (parseBytes(memory) ?? 0);
  if (memoryBytesPerNode < leastMemoryBytes) throw refuse('memory takes a size of at least 100MB, such as 8GB.');
  const coresPerNode = /^[0-9]{1,6}$/.test(cores ?? '1') ? Number(cores ?? '1') : 0;
  if (coresPerNode < 1 || coresPerNode > most.cores) throw refuse(`cores takes a whole number from 1 to ${most.cores}.`);
  const durationMs = time === undefined ? undefined : (parseDurationMs(time) ?? 0);
  if (durationMs !== undefined && durationMs < 60_000) throw refuse('for takes a time of at least a minute, such as 30m or 2h.');
  const { isCounted: _, ...wanted } = gpu === undefined ? { isCounted: false, count: 0 } : gpuOf('gpu', gpu);
  return {
    nodes,
    coresPerNode,
    memoryBytesPerNode,
    ...(wanted.count === 0 ? {} : { gpu: wanted }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}
