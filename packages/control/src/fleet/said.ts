// What is said on a link: a worker's text as a message, ours as text, and the last word with its reason.
import { Compile } from 'typebox/compile';
import { type Rejection, type ToControl, type ToWorker, ToControlSchema, closeCodes, problemOf } from '@iog/protocol';
import type { DeviceLink } from './device-link.ts';

const checkMessage = Compile(ToControlSchema);

export function parse(text: string): ToControl | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return checkMessage.Check(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

export function send(link: DeviceLink, message: ToWorker): void {
  if (link.isOpen()) link.send(JSON.stringify(message));
}

export function end(link: DeviceLink, rejection: Rejection): void {
  send(link, { type: 'refused', code: rejection.code, detail: problemOf(rejection).detail });
  link.close(closeCodes.refused, rejection.code);
}
