// The harness's own memory: every operation that was acknowledged, with what was asked and what was promised. In a file too, for people.
import fs from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { InputOf, IogClient } from '@iog/client';
import { routes, type AnswerOf, type RouteName } from '@iog/protocol';

export interface Acknowledged<N extends RouteName = RouteName> {
  readonly n: number;
  readonly account: string;
  readonly route: N;
  readonly input: InputOf<N> & { readonly idempotencyKey: string };
  readonly answer: AnswerOf<N>;
}
type Any = { [N in RouteName]: Acknowledged<N> }[RouteName];

export interface Journal {
  readonly file: string;
  readonly entries: readonly Any[];
  of<N extends RouteName>(route: N): readonly Acknowledged<N>[];
  /** A client whose acknowledged writes are remembered. Each has a key of its own, and is repeated under it after a lost connection. */
  recording(client: IogClient, account: string): IogClient;
}

export function openJournal(file: string): Journal {
  const entries: Any[] = [];
  const note = (account: string, route: RouteName, input: unknown, answer: unknown): void => {
    const entry = { n: entries.length, account, route, input, answer } as unknown as Any;
    entries.push(entry);
    fs.appendFileSync(file, `${JSON.stringify(entry)}\n`);
  };
  return {
    file,
    entries,
    of: <N extends RouteName>(route: N) => entries.filter((entry) => entry.route === route) as unknown as Acknowledged<N>[],
    recording: (client, account) => ({
      ...client,
      async call(name, input) {
        // A quote reserves and stores nothing: there is nothing of it to lose.
        const isWrite = routes[name].method !== 'GET' && name !== 'quote.create';
        const keyed = isWrite ? { ...input, idempotencyKey: (input as { idempotencyKey?: string }).idempotencyKey ?? randomUUID() } : input;
        const answer = await client.call(name, keyed);
        if (isWrite) note(account, name, keyed, answer);
        return answer;
      },
      async putBlob(blob, bytes, signal) {
        await client.putBlob(blob, bytes, signal);
        note(account, 'blob.put', { params: { blob }, idempotencyKey: '' }, { blob, bytes: bytes.length });
      },
    }),
  };
}
