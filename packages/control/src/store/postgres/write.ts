// Writing groups of commits to PostgreSQL, one round trip each, one after the other. A reply that is lost is asked for, so that no group is
// reported failed that was applied, and none is applied twice.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommitResult, StoreFault } from '../store.ts';
import type { Prepared } from '../prepare.ts';
import { type Connection, patiently } from './connection.ts';
import { isCollision, isOutage, isUnsent } from './fault.ts';
import { groupOf } from './group.ts';

const mostCollisions = 10;
const pauseMs = 100;
const commitSql = 'SELECT array_to_json(commit_group_1($1::uuid, $2::int8, $3::text::json, $4::text::json))::text AS stale';
const settleSql = 'SELECT array_to_json(settle_group_1($1::uuid, $2::int8))::text AS stale';

export interface PostgresWriter {
  /** Called again only when the call before has ended. */
  write(commits: readonly Prepared[]): Promise<CommitResult[]>;
  end(): Promise<void>;
}

/** A lane of its own in the store: the groups that it wrote are numbered there. */
export async function postgresWriter(connection: Connection, name: string, patienceMs: number): Promise<PostgresWriter> {
  const lane: string = randomUUID();
  await connection.ask("DELETE FROM lanes WHERE seen < now() - interval '7 days'", []);
  await connection.ask('INSERT INTO lanes (id, number) VALUES ($1::uuid, 0)', [lane]);
  let number = 0;
  /** The last group's fate has not been found out yet. */
  let open = false;

  const ask = async (sql: string, ...more: string[]): Promise<readonly number[] | undefined> => {
    const [row] = await connection.ask(sql, [lane, number, ...more]);
    return typeof row?.['stale'] === 'string' ? (JSON.parse(row['stale']) as number[]) : undefined;
  };
  /** Undefined: it was not applied, and never will be. */
  const settle = async (until: number): Promise<readonly number[] | undefined> => {
    const stale = await patiently(() => ask(settleSql), until);
    open = false;
    return stale;
  };
  const once = async (keys: string, waves: string): Promise<readonly number[]> => {
    number += 1;
    open = true;
    for (let tries = 1; ; tries++) {
      try {
        const stale = (await ask(commitSql, keys, waves)) ?? [];
        open = false;
        return stale;
      } catch (cause) {
        if (isCollision(cause) && tries < mostCollisions) continue;
        if (!isOutage(cause) || isUnsent(cause)) {
          // The server has refused it, or never heard of it: the number is still free.
          open = false;
          number -= 1;
        }
        throw cause;
      }
    }
  };

  const outcome = async (until: number): Promise<readonly number[] | undefined> => {
    try {
      return await settle(until);
    } catch (cause) {
      const message = `the store ${name} was lost while it wrote: whether that was kept is not known. Look before you repeat it`;
      throw new StoreFault('store.unknown', message, cause);
    }
  };

  return {
    async write(commits) {
      const { keys, waves, results } = groupOf(commits);
      const until = performance.now() + patienceMs;
      if (open) await settle(until);
      for (;;) {
        try {
          return results(await once(keys, waves));
        } catch (cause) {
          if (!open && (!isOutage(cause) || performance.now() > until)) throw cause;
        }
        const stale = open ? await outcome(until) : undefined;
        if (stale) return results(stale);
        await sleep(pauseMs);
      }
    },
    async end() {
      if (!open) await connection.ask('DELETE FROM lanes WHERE id = $1::uuid', [lane]).catch(() => undefined);
      await connection.end();
    },
  };
}
