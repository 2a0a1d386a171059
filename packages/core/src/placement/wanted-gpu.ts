// Which GPUs a node may get: by model, memory, and what their driver supports.
import type { Gpu, NodeShape } from '@iog/protocol';
import { isModel } from '../fleet/gpu-model.ts';

export function isWanted(wanted: NodeShape['gpu'], { model, memoryBytes }: Gpu): boolean {
  if (!wanted) return false;
  return (wanted.model === undefined || isModel(wanted.model, model)) && memoryBytes >= (wanted.memoryBytes ?? 0);
}

/** A driver that did not say what it supports is not known to support anything. */
export function hasCuda({ cuda }: Pick<Gpu, 'cuda'>, least: string | undefined): boolean {
  if (least === undefined) return true;
  if (cuda === undefined) return false;
  const [has, needs] = [numbersOf(cuda), numbersOf(least)];
  return has.major !== needs.major ? has.major > needs.major : has.minor >= needs.minor;
}

function numbersOf(version: string): { major: number; minor: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}
