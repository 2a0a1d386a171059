// The versions of the link: the one place that says what each has, and what may be said to a peer that speaks an older one.
import type { ToControl, ToWorker } from './link.ts';

/** The link versions this build speaks: N and N−1. */
export const linkVersions = { min: 1, max: 2 } as const;

/**
 * Since which version each message is known. Version 2: `bye`, so that a worker knows that control is being restarted and dials it steadily; `trace`, for logs. A version
 * that was released never changes: what is new is a message of the next one, never a field of a message that older peers know.
 */
const since: Readonly<Record<(ToWorker | ToControl)['type'], number>> = {
  challenge: 1,
  welcome: 1,
  refused: 1,
  assignments: 1,
  pulse: 1,
  capacity: 1,
  acknowledged: 1,
  bye: 2,
  trace: 2,
  hello: 1,
  'pulse-answer': 1,
  'capacity-answer': 1,
  beat: 1,
  evidence: 1,
  'sealed-for': 1,
};

/** The highest version that both ends speak; undefined where there is none. */
export function agreedVersion(
  theirs: { readonly min: number; readonly max: number },
  ours: { readonly min: number; readonly max: number } = linkVersions,
): number | undefined {
  const version = Math.min(theirs.max, ours.max);
  return version < theirs.min || version < ours.min ? undefined : version;
}

/** Whether a peer whose session has this version knows the message. What it does not know must not be said to it. */
export function isKnownIn(version: number, type: (ToWorker | ToControl)['type']): boolean {
  return since[type] <= version;
}
