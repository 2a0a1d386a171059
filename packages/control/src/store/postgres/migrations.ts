// The layouts of the schema, oldest first: the text at n leads from layout n to n + 1. Append only; a released text never changes.

export interface Migration {
  readonly sql: string;
  /**
   * The oldest layout whose control still works on what this leads to. A change first expands (older ones go on), and contracts in a later
   * release. What changes a function gives it a new number, so that controls of two releases write side by side.
   */
  readonly worksFor: number;
}

/*
 * Texts compare bytewise. `filed` lists where the row stands in `entries`. In an entry, `equals` is '' for none, else '=' and the text; a
 * sort by a text has the number Infinity, so that numbers come first. `floor` is the highest version ever deleted. A lane is one writing
 * connection's series of groups: its number says which group was applied last, so that a lost reply can be asked for.
 */
const tables = `
  CREATE TABLE rows (kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version int8 NOT NULL, filed text NOT NULL,
    body text NOT NULL, PRIMARY KEY (kind, id)) WITH (fillfactor = 80);
  CREATE TABLE entries (list text COLLATE "C" NOT NULL, equals text COLLATE "C" NOT NULL, num float8 NOT NULL,
    txt text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, PRIMARY KEY (list, equals, num, txt, id));
  CREATE TABLE floor (version int8 NOT NULL);
  INSERT INTO floor VALUES (0);
  CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
  INSERT INTO meta VALUES ('indexes', '');
  CREATE TABLE lanes (id uuid PRIMARY KEY, number int8 NOT NULL, stale int[], seen timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 50);
`;

/*
 * Writes a group of commits and gives the numbers of the checks that were stale. Why it is right under READ COMMITTED, where each statement
 * of the function sees what was committed before it began: first all that the group depends on is locked, always in the same order, so that
 * two groups wait for each other but never in a circle: absent keys by 1024 advisory locks that every reader of an absence and every maker
 * of that row takes, then the rows that are there. Only then are versions looked at; from there to the end nobody else can change them.
 * Commits of one wave change nothing that another of the same wave looks at.
 */
const commitGroup = `
  CREATE FUNCTION commit_group_1(of_lane uuid, of_number int8, keys json, waves json) RETURNS int[] LANGUAGE plpgsql AS $body$
  DECLARE
    wave json;
    lost int[];
    refused int[];
    found_stale int[] := '{}';
    base int8;
    top int8;
  BEGIN
    PERFORM 1 FROM lanes WHERE lanes.id = of_lane AND lanes.number = of_number - 1 FOR UPDATE;
    IF NOT FOUND THEN RAISE EXCEPTION 'this group was given up' USING ERRCODE = 'IOG01'; END IF;
    PERFORM pg_advisory_xact_lock(4804423, s.stripe) FROM (SELECT DISTINCT hashtext(x.k || ' ' || x.i) & 1023 AS stripe
      FROM json_to_recordset(keys) AS x(k text, i text, a bool) WHERE x.a ORDER BY 1 OFFSET 0) AS s;
    PERFORM 1 FROM json_to_recordset(keys) AS x(k text, i text) JOIN rows AS r ON r.kind = x.k AND r.id = x.i
      ORDER BY r.kind, r.id FOR UPDATE OF r;

    FOR wave IN SELECT value FROM json_array_elements(waves) LOOP
      SELECT coalesce(array_agg(x.n), '{}'), coalesce(array_agg(DISTINCT x.c), '{}') INTO lost, refused
        FROM json_to_recordset(wave->'checks') AS x(n int, c int, k text, i text, v int8)
        LEFT JOIN rows AS r ON r.kind = x.k AND r.id = x.i WHERE coalesce(r.version, 0) <> x.v;
      found_stale := found_stale || lost;
      CONTINUE WHEN cardinality(refused) = (wave->>'commits')::int;

      DELETE FROM entries AS e USING json_to_recordset(wave->'writes') AS w(c int, k text, i text, f text), rows AS r,
        json_to_recordset(r.filed::json) AS f(l text, e text, n float8, t text)
        WHERE w.c <> ALL (refused) AND r.kind = w.k AND r.id = w.i AND r.filed <> w.f AND r.filed <> '[]'
        AND e.list = f.l AND e.equals = f.e AND e.num = f.n AND e.txt = f.t AND e.id = w.i;
      INSERT INTO entries SELECT f.l, f.e, f.n, f.t, w.i
        FROM json_to_recordset(wave->'writes') AS w(c int, k text, i text, f text)
        LEFT JOIN rows AS r ON r.kind = w.k AND r.id = w.i, json_to_recordset(w.f::json) AS f(l text, e text, n float8, t text)
        WHERE w.c <> ALL (refused) AND w.f <> '[]' AND r.filed IS DISTINCT FROM w.f;
      SELECT floor.version INTO base FROM floor;
      INSERT INTO rows SELECT w.k, w.i, base + 1, w.f, w.b
        FROM json_to_recordset(wave->'writes') AS w(c int, k text, i text, f text, b text) WHERE w.c <> ALL (refused)
        ON CONFLICT (kind, id) DO UPDATE SET version = rows.version + 1, filed = excluded.filed, body = excluded.body;

      CONTINUE WHEN json_array_length(wave->'deletes') = 0;
      DELETE FROM entries AS e USING json_to_recordset(wave->'deletes') AS d(c int, k text, i text), rows AS r,
        json_to_recordset(r.filed::json) AS f(l text, e text, n float8, t text)
        WHERE d.c <> ALL (refused) AND r.kind = d.k AND r.id = d.i
        AND e.list = f.l AND e.equals = f.e AND e.num = f.n AND e.txt = f.t AND e.id = d.i;
      WITH gone AS (DELETE FROM rows AS r USING json_to_recordset(wave->'deletes') AS d(c int, k text, i text)
        WHERE d.c <> ALL (refused) AND r.kind = d.k AND r.id = d.i RETURNING r.version)
        SELECT max(gone.version) INTO top FROM gone;
      UPDATE floor SET version = top WHERE floor.version < top;
    END LOOP;

    UPDATE lanes SET number = of_number, stale = found_stale, seen = now() WHERE lanes.id = of_lane;
    RETURN found_stale;
  END $body$;
`;

/*
 * What became of a group whose reply was lost: its stale checks, or null, and then it is given up for ever. It waits for a connection that
 * is still writing the group, and one that begins later finds its number taken.
 */
const settleGroup = `
  CREATE FUNCTION settle_group_1(of_lane uuid, of_number int8) RETURNS int[] LANGUAGE plpgsql AS $body$
  DECLARE
    lane lanes;
  BEGIN
    SELECT * INTO STRICT lane FROM lanes WHERE lanes.id = of_lane FOR UPDATE;
    IF lane.number < of_number THEN
      UPDATE lanes SET number = of_number, stale = NULL WHERE lanes.id = of_lane;
      RETURN NULL;
    END IF;
    RETURN lane.stale;
  END $body$;
`;

export const migrations: readonly Migration[] = [{ sql: tables + commitGroup + settleGroup, worksFor: 1 }];
