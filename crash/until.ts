// Waiting for a condition, with a limit and with what to say when it is over.
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 150;

/** Thrown where something did not come in time: the network is stuck. */
class Stuck extends Error {}

export async function until<T>(
  what: string,
  withinMs: number,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  why: () => string = () => '',
): Promise<T> {
  const limit = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > limit) throw new Stuck(`waited ${withinMs} ms for ${what}. ${why()}`);
    await sleep(pollMs);
  }
}
