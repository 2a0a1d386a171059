// Commands: one way for every state-changing request: the repeated one gets its old answer, the decision, its activity and its reply are one commit.
import {
  type AccountId,
  type Rejection,
  type RouteName,
  type BodyOf,
  type ParamsOf,
  type QueryOf,
  type AnswerOf,
  problemOf,
} from '@iog/protocol';
import { type ActivityRow, type Decision, type DeviceRow, type KeyRow, type ReplyRow, type Row } from '@iog/core';
import { canonical, sha256hex } from '@iog/seal';
import type { ComingBytes } from './blobs/blob-store.ts';
import type { Key } from './store/store.ts';
import { type ControlPorts, type Read, change, newId } from './ports.ts';

export interface Call<N extends RouteName> {
  readonly route: N;
  readonly params: ParamsOf<N>;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  readonly bytes: Uint8Array | ComingBytes | undefined;
  /** The key that calls, or undefined on open and device routes. */
  readonly key: KeyRow | undefined;
  readonly device: DeviceRow | undefined;
  /** Where the caller asks from. */
  readonly address: string;
  readonly request: string;
  readonly idempotencyKey: string | undefined;
}

export type Outcome<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly rejection: Rejection };
/** An answer that is JSON already, as a stored reply is. */
export interface Stored {
  readonly status: number;
  readonly body: string;
}
export type Handler<N extends RouteName> = (call: Call<N>) => Promise<Outcome<AnswerOf<N>> | Stored>;

export function answer<T>(value: T): Outcome<T> {
  return { ok: true, answer: value };
}
export function refuse(rejection: Rejection): { ok: false; rejection: Rejection } {
  return { ok: false, rejection };
}

/** Account of a call; routes with a scope always have one. */
export function accountOf(call: { key: KeyRow | undefined }): AccountId {
  if (!call.key) throw new Error('a route without a key asked for its account');
  return call.key.account;
}

/**
 * Runs a state-changing request. `decide` reads and gives a Decision; `view` makes the answer. What it decides, its activity and its reply
 * are one commit, so a crash leaves all or none. A rejection is written to the activity log alone; what nobody's key asked for is logged only.
 */
export async function command<N extends RouteName, V>(
  ports: ControlPorts,
  call: Call<N>,
  subject: string,
  decide: (read: Read) => Promise<Decision<V> & { readonly deletes?: readonly Key[] }>,
  view: (value: V) => AnswerOf<N>,
): Promise<Outcome<AnswerOf<N>> | Stored> {
  const requestHash = sha256hex(canonical({ route: call.route, params: call.params ?? null, body: call.body ?? null }));
  const caller = call.key?.account ?? call.device?.id;
  // What anyone may ask for leaves nothing behind but what it makes: else anyone could fill the disk.
  const replyId = caller === undefined || call.idempotencyKey === undefined ? undefined : `${caller}/${call.idempotencyKey}`;
  type Result = { stored: Stored } | { rejection: Rejection } | { shown: AnswerOf<N> };
  const result = await change<Result>(ports, async (read) => {
    const before = replyId === undefined ? undefined : await read.one('reply', replyId);
    if (before && before.requestHash !== requestHash) return nothing({ rejection: { code: 'idempotency.mismatch', context: {} } });
    if (before) return nothing({ stored: { status: before.status, body: before.body } });

    const decision = await decide(read);
    if (!decision.ok) return nothing({ rejection: decision.rejection });
    // Shown once: a view tells the time and who is connected, and a repeated request gets this answer again, to the letter.
    const shown = view(decision.value);
    const reply: ReplyRow[] =
      replyId === undefined
        ? []
        : [{ kind: 'reply', id: replyId, requestHash, status: 200, body: JSON.stringify(shown), at: ports.clock.now() }];
    return {
      writes: [...decision.rows, ...reply, ...activity(ports, call, subject, 'accepted')],
      deletes: decision.deletes ?? [],
      value: { shown },
    };
  });
  if ('stored' in result) return result.stored;
  if ('rejection' in result) {
    await noteRejection(ports, call, subject, result.rejection);
    return refuse(result.rejection);
  }
  ports.log({ level: 'info', event: 'command.accepted', route: call.route, request: call.request, subject: subject.slice(0, 128) });
  return answer(result.shown);
}

function nothing<R>(value: R): { writes: Row[]; value: R } {
  return { writes: [], value };
}

/** The entry of the activity log; none for a call of nobody. */
function activity<N extends RouteName>(ports: ControlPorts, call: Call<N>, subject: string, outcome: string): ActivityRow[] {
  const account = call.key?.account ?? call.device?.account;
  return account === undefined ? [] : [activityRow(ports, call, { account, key: call.key?.key ?? null, subject, outcome })];
}

/** For a call that shows no key and yet is of an account. */
export function activityRow(
  ports: ControlPorts,
  { route, request }: { readonly route: RouteName; readonly request: string },
  { account, key, subject, outcome }: Pick<ActivityRow, 'account' | 'key' | 'subject' | 'outcome'>,
): ActivityRow {
  return {
    kind: 'activity',
    id: newId(ports, 'act'),
    at: ports.clock.now(),
    account,
    key,
    command: route,
    subject: subject.slice(0, 128),
    outcome: outcome.slice(0, 512),
    request,
  };
}

async function noteRejection<N extends RouteName>(
  ports: ControlPorts,
  call: Call<N>,
  subject: string,
  rejection: Rejection,
): Promise<void> {
  const problem = problemOf(rejection);
  const noted = activity(ports, call, subject, `${rejection.code}: ${problem.detail}`);
  if (noted.length > 0) return change(ports, () => Promise.resolve({ writes: noted, value: undefined }));
  return ports.log({ level: 'info', event: 'request.rejected', route: call.route, request: call.request, code: rejection.code });
}
