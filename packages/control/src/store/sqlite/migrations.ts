// The layouts of the database file, oldest first: the text at n leads from layout n to n + 1. Append only; a released text never changes.

/*
 * Rows are in a rowid table: bodies are often larger than the quarter of a page that a WITHOUT ROWID table keeps in place.
 * `filed` lists where the row stands in `entries`, so that a write needs neither the old body nor an index from entries back to rows.
 * `equals` and `sort` have no type: 0 stands for no `equals`, and numbers sort before texts. `floor` is the highest version ever deleted.
 */
const rowsAndEntries = `
  CREATE TABLE rows (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, filed TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (kind, id));
  CREATE TABLE entries (list TEXT NOT NULL, equals NOT NULL, sort NOT NULL, id TEXT NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (list, equals, sort, id)) WITHOUT ROWID;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('floor', 0), ('indexes', '');
`;

export const migrations: readonly string[] = [rowsAndEntries];
