// What a session stands on, and whom it tells what it hears.
import type { Assignment, DeviceId, ObservedLease, ToControl, ToWorker } from '@iog/protocol';
import type { Clock, Log, Random } from '../ports.ts';
import type { Wire } from './wire.ts';

export type Welcome = Extract<ToWorker, { type: 'welcome' }>;
export type CapacityQuestion = Extract<ToWorker, { type: 'capacity' }>;
type WithoutEpoch<M> = M extends { epoch: number } ? Omit<M, 'epoch'> : M;
/** A hello and beats are the session's own. */
export type Sendable = WithoutEpoch<Exclude<ToControl, { type: 'hello' | 'beat' }>>;

export interface SessionOptions {
  /** One, or several controls of one network: each lost session is followed by one with the next. */
  readonly url: string;
  readonly device: DeviceId;
  /** The network this device enrolled in; a challenge of another one is not answered. */
  readonly network: string;
  readonly bootId: string;
  readonly sign: (domain: 'hello', value: unknown) => string;
  readonly observe: () => readonly ObservedLease[];
  readonly welcomed: (welcome: Welcome) => void;
  readonly assigned: (assignments: readonly Assignment[], trace: string | undefined) => void;
  readonly acknowledged: (message: Extract<ToWorker, { type: 'acknowledged' }>) => void;
  readonly demanded: (question: CapacityQuestion) => void;
  /** Control will not have this device: no retry follows. */
  readonly refused: (code: string, detail: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly wire: Wire;
  readonly log: Log;
}
