// The last words on a link: a refusal with its reason; and, when control stops, that it will be back, if the worker's version of the link has the word.
import { type Rejection, isKnownIn, problemOf } from '@iog/protocol';
import { stopLimits } from '../limits.ts';
import type { Clock } from '../ports.ts';
import { type DeviceLink, send } from './device-link.ts';

const retryInMs = 400;
/** Of WebSockets: the first of the private codes; "service restart"; "going away"; "try again later". */
const closeCodes = { refused: 4000, restarts: 1012, goes: 1001, later: 1013 } as const;
const lookEveryMs = 10;

/** Ends a session for good, or the try to open one. */
export function end(link: DeviceLink, rejection: Rejection): void {
  send(link, { type: 'refused', code: rejection.code, detail: problemOf(rejection).detail });
  link.close(closeCodes.refused, rejection.code);
}

/** A worker of version 1 does not know `bye`: it is told by the code of the close alone, and dials again as after any loss. */
export function goodbye(link: DeviceLink, version: number): void {
  const isKnown = isKnownIn(version, 'bye');
  if (isKnown) send(link, { type: 'bye', retryInMs });
  link.close(isKnown ? closeCodes.goes : closeCodes.restarts, 'control.stopping');
}

/** Control takes no hello of this device now. A worker of version 1 dials again as after any loss: by steps, up to 5 s apart. */
export function comeBack(link: DeviceLink, version: number, waitMs: number): void {
  if (isKnownIn(version, 'bye')) send(link, { type: 'bye', retryInMs: waitMs });
  link.close(closeCodes.later, `come back in ${waitMs} ms`);
}

/** Control hears no further stranger now: what version it speaks is not known. */
export function turnAway(link: DeviceLink): void {
  link.close(closeCodes.later, 'too many links have not said who they are');
  link.terminate();
}

/** Resolves once all are closed: at once those that are open still, the rest when their peers answer the goodbye, or do not in time. */
export async function closeAll(links: ReadonlySet<DeviceLink>, clock: Clock): Promise<void> {
  for (const link of links) if (link.isOpen()) link.terminate();
  for (let waitedMs = 0; links.size > 0 && waitedMs < stopLimits.linksMs; waitedMs += lookEveryMs)
    await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
  for (const link of links) link.terminate();
}
