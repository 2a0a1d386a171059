// Writing groups of commits to PostgreSQL, one round trip each, one after the other. A reply that is lost is asked for, so that no group is
// reported failed that was applied, and none is applied twice.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommitResult, StoreFault } from '../store.ts';
import type { Prepared } from '../prepare.ts';
import { type Connection, patiently } from './connection.ts';
import { isCollision, isNumberUsed, isOutage, isUnsent } from './fault.ts';
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
  const lane = await openLane(connection);

  const outcome = async (until: number): Promise<readonly number[] | undefined> => {
    try {
      return await lane.settle(until);
    } catch (cause) {
      const message = `the store ${name} was lost while it wrote: whether that was kept is not known. Look before you repeat it`;
      throw new StoreFault('store.unknown', message, cause);
    }
  };

  return {
    async write(commits) {
      const { keys, waves, results } = groupOf(commits);
      const until = performance.now() + patienceMs;
      if (lane.isOpen()) await lane.settle(until);
      // Whether the next try has the number of the one before: then what that number came to is what this group came to.
      let again = false;
      for (;;) {
        let isAnothers = false;
        try {
          return results(await lane.once(keys, waves));
        } catch (cause) {
          if (!lane.isOpen() && (!isOutage(cause) || performance.now() > until)) throw cause;
          isAnothers = isNumberUsed(cause) && !again;
        }
        again = !lane.isOpen();
        const stale = lane.isOpen() ? await outcome(until) : undefined;
        if (stale && !isAnothers) return results(stale);
        await sleep(pauseMs);
      }
    },
    end: lane.end,
  };
}

interface Lane {
  /** The last group's fate has not been found out yet. */
  isOpen(): boolean;
  once(keys: string, waves: string): Promise<readonly number[]>;
  /** Undefined: it was not applied, and never will be. */
  settle(until: number): Promise<readonly number[] | undefined>;
  end(this: void): Promise<void>;
}

async function openLane(connection: Connection): Promise<Lane> {
  const lane: string = randomUUID();
  await connection.ask("DELETE FROM lanes WHERE seen < now() - interval '7 days'", []);
  await connection.ask('INSERT INTO lanes (id, number) VALUES ($1::uuid, 0)', [lane]);
  let number = 0;
  let open = false;
  const ask = async (sql: string, ...more: string[]): Promise<readonly number[] | undefined> => {
    const [row] = await connection.ask(sql, [lane, number, ...more]);
    return typeof row?.['stale'] === 'string' ? (JSON.parse(row['stale']) as number[]) : undefined;
  };
  return {
    isOpen: () => open,
    async once(keys, waves) {
      number += 1;
      open = true;
      for (let tries = 1; ; tries++) {
        try {
          const stale = (await ask(commitSql, keys, waves)) ?? [];
          open = false;
          return stale;
        } catch (cause) {
          if (isCollision(cause) && tries < mostCollisions) continue;
          if (isUnsent(cause) || (!isOutage(cause) && !isNumberUsed(cause))) {
            // The server has refused it, or never heard of it: the number is still free.
            open = false;
            number -= 1;
          }
          throw cause;
        }
      }
    },
    async settle(until) {
      const stale = await patiently(() => ask(settleSql), until);
      open = false;
      return stale;
    },
    async end() {
      if (!open) await connection.ask('DELETE FROM lanes WHERE id = $1::uuid', [lane]).catch(() => undefined);
      await connection.end();
    },
  };
}
