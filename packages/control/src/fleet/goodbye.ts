// The end of control's sessions when it stops: workers are told that it will be back, if their version of the link has the word.
import { isKnownIn } from '@iog/protocol';
import type { Clock } from '../ports.ts';
import { type DeviceLink, send } from './device-link.ts';

const retryInMs = 400;
/** Of WebSockets: the end point is going away. */
const goingAway = 1001;
const closeWithinMs = 1_000;
const lookEveryMs = 10;

/** A worker of version 1 is told nothing: it sees its link close, and dials again. */
export function goodbye(link: DeviceLink, version: number): void {
  if (isKnownIn(version, 'bye')) send(link, { type: 'bye', retryInMs });
  link.close(goingAway, 'control stops');
}

/** Resolves once all are closed: at once those that are open still, the rest when their peers answer the goodbye, or do not in time. */
export async function closeAll(links: ReadonlySet<DeviceLink>, clock: Clock): Promise<void> {
  for (const link of links) if (link.isOpen()) link.terminate();
  for (let waitedMs = 0; links.size > 0 && waitedMs < closeWithinMs; waitedMs += lookEveryMs)
    await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
  for (const link of links) link.terminate();
}
