// The control process of the harness: the product's own, over a directory, that can be told where to die.
import type { ControlSettings } from '@iog/control';
import { beMortal } from '../inject/mortal.ts';
import { replaceModules } from '../inject/replace.ts';

const wantedReplacements = 4;

export type ControlTask = Omit<ControlSettings, 'log'>;
const task = JSON.parse(process.argv[2] ?? '') as ControlTask;
beMortal();
const replaced = replaceModules();
const { startControl } = await import('@iog/control');
try {
  if (replaced.done() !== wantedReplacements) throw new Error(`${replaced.done()} of ${wantedReplacements} modules were replaced`);
  const { url, publicKey } = await startControl({ ...task, log: (line) => console.error(JSON.stringify({ at: Date.now(), ...line })) });
  process.send?.({ up: { url, publicKey } });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(error);
  process.send?.({ failed: { code: code ?? 'failed', message } }, () => process.exit(1));
}
