// What is over is forgotten, and the time that was reached is remembered, so that it never goes back.
import type { ClockRow } from '@iog/core';
import { type ControlPorts, change } from './ports.ts';
import { type Loop, eachAlone, loop } from './loop.ts';
import { rowSweeps } from './sweep-rows.ts';
import { repriceStep } from './market/price-books.ts';
import { orphanScan, sweepBlobs } from './blobs/sweep.ts';

export function housekeepingLoop(ports: ControlPorts): Loop {
  const orphans = orphanScan(ports);
  const sweeps = [...Object.values(rowSweeps(ports)), () => repriceStep(ports), () => sweepBlobs(ports), () => orphans.step()];
  const running = loop('housekeeping', ports.periods.housekeepingMs, ports, async () => {
    await rememberTime(ports);
    let more = false;
    await eachAlone(ports.log, 'housekeeping', sweeps, async (sweep) => {
      if (await sweep()) more = true;
    });
    if (more) running.wake();
  });
  return running;
}

function rememberTime(ports: ControlPorts): Promise<void> {
  return change(ports, async (read) => {
    const clock = await read.one('clock', 'clock');
    const next: ClockRow = { kind: 'clock', id: 'clock', now: Math.max(clock?.now ?? 0, ports.clock.now()) };
    return { writes: [next], value: undefined };
  });
}
