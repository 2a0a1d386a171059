// The frozen recording of the link's version 1: what passed between the previous build's control and a head's worker, in order.
import fs from 'node:fs';
import path from 'node:path';
import type { ToControl, ToWorker } from '@iog/protocol';

export type Recorded = { readonly from: 'control'; readonly message: ToWorker } | { readonly from: 'worker'; readonly message: ToControl };

export const recording = readRecording('link-1.jsonl');
export const fromControl = recording.flatMap((each) => (each.from === 'control' ? [each.message] : []));
export const fromWorker = recording.flatMap((each) => (each.from === 'worker' ? [each.message] : []));

function readRecording(name: string): readonly Recorded[] {
  const text = fs.readFileSync(path.join(import.meta.dirname, 'recorded', name), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
}
