// Reads all devices into the market index, page by page, again and again: at a start the whole market, later what other replicas have changed.
import type { Timer } from '../ports.ts';
import { type Loop, loop } from '../loop.ts';
import { marketLimits } from '../limits.ts';
import { cursorOf } from '../store/store.ts';
import type { DeviceRow } from '@iog/core';
import type { MarketPorts } from './market.ts';
import type { MarketSurvey } from './price-history.ts';

const nextPage = 'next-page';
const newDevice = 'new-device';

export function sweepLoop(ports: MarketPorts, seen: MarketSurvey): Loop {
  const { market } = ports;
  const { pageRows, firstPauseMs, pauseMs, restMs, restAmongOthersMs } = marketLimits;
  let after: string | undefined;
  let timer: Timer | undefined;

  /** Ends the sweep with the last page; the next one begins anew. */
  const page = async (): Promise<void> => {
    const rows = await ports.store.query({ kind: 'device', index: 'all', limit: pageRows, ...(after === undefined ? {} : { after }) });
    for (const read of rows) {
      market.take(read);
      seen.take(read.row as DeviceRow);
    }
    const last = rows.length === pageRows ? rows.at(-1) : undefined;
    after = last && cursorOf(last.row);
    if (last === undefined && !market.isWhole) {
      market.isWhole = true;
      ports.log({ level: 'info', event: 'market.read', devices: market.index.size });
    }
    if (last === undefined) await seen.end();
  };
  const unknown = async (): Promise<void> => {
    const ids = [...market.unknown].slice(0, pageRows);
    for (const id of ids) market.unknown.delete(id);
    for (const read of await ports.store.load(ids.map((id) => ({ kind: 'device', id })))) if (read) market.take(read);
    if (market.unknown.size > 0) market.wanted();
  };
  const delayMs = (): number => {
    if (!market.isWhole) return firstPauseMs;
    if (after !== undefined) return pauseMs;
    return ports.replica.areOthers() ? restAmongOthersMs : restMs;
  };
  const running = loop('market', restMs, ports, async (ids) => {
    const isPage = ids?.includes(nextPage) ?? true;
    try {
      if (market.unknown.size > 0) await unknown();
      if (isPage) await page();
    } finally {
      // Whoever comes between two pages does not put the next one off.
      if (isPage) {
        timer?.cancel();
        timer = ports.clock.after(delayMs(), () => running.wake(nextPage));
      }
    }
  });
  market.wanted = () => running.wake(newDevice);
  return { ...running, stop: () => running.stop().finally(() => timer?.cancel()) };
}
