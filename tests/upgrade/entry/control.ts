// The control process of an upgrade: of the build whose root is given, over a directory.
import path from 'node:path';
import type { ControlSettings } from '@iog/control';

export type UpgradeControlTask = Omit<ControlSettings, 'log'> & { readonly root: string };
const { root, ...task } = JSON.parse(process.argv[2] ?? '') as UpgradeControlTask;
try {
  const { startControl } = (await import(path.join(root, 'packages/control/src/index.ts'))) as typeof import('@iog/control');
  const control = await startControl({ ...task, log: (line) => console.error(JSON.stringify({ at: Date.now(), ...line })) });
  process.once('SIGTERM', () => void control.stop().then(() => process.exit(0)));
  process.send?.({ up: { url: control.url, publicKey: control.publicKey } });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(error);
  process.send?.({ failed: { code: code ?? 'failed', message } }, () => process.exit(1));
}
