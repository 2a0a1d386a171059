// The control of the bench `sessions`: the product's own, over rows of devices that are there before it begins. It tells its memory and time.
import { laptopPolicy, makeId } from '@iog/protocol';
import type { DeviceRow } from '@iog/core';
import { startControl } from '@iog/control';
import { sampleDevice } from '../../packages/core/src/fleet/sample-device.ts';
import { openSqlite } from '../../packages/control/src/store/sqlite/open.ts';
import { tables } from '../../packages/control/src/tables.ts';
import { benchDevice, bornAt } from './device.ts';
import { tellFigures } from './figures.ts';

const [dir = '', port = '0', count = '0', keyHash = '', recipient = ''] = process.argv.slice(2);
if (Number(count) > 0) await putDevices(`${dir}/control.sqlite`, Number(count));
const control = await startControl({
  dir,
  host: '127.0.0.1',
  port: Number(port),
  name: 'bench',
  policy: laptopPolicy,
  firstAccount: { name: 'bench', keyHash, recipient },
  log: () => undefined,
});
tellFigures();
process.once('SIGTERM', () => void control.stop().then(() => process.exit(0)));
process.send?.({ port: Number(new URL(control.url).port) });

/** Admitted and proven, so that nothing is asked of them but that they are there. */
async function putDevices(path: string, devices: number): Promise<void> {
  const store = openSqlite({ path, tables });
  const account = makeId('acc', bornAt, new Uint8Array(16).fill(7));
  const proof = {
    at: Date.now(),
    expiresAt: Date.now() + laptopPolicy.capacity.validMs,
    threads: 2,
    tookMs: 900,
    basis: 'declared',
  } as const;
  for (let from = 0; from < devices; from += 500) {
    const rows: DeviceRow[] = [];
    for (let n = from; n < Math.min(devices, from + 500); n++) {
      const { id, key } = benchDevice(n);
      rows.push(sampleDevice(n, { id, account, publicKey: key.publicKey, host: `host-${n}`, proof }));
    }
    await store.commit({ reads: [], writes: rows });
  }
  await store.close();
}
