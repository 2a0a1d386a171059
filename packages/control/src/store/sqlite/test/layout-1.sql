-- A store as the first layout wrote it, frozen: three rows, one of them deleted before, and the entries of two indexes.
CREATE TABLE rows (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, filed TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (kind, id));
CREATE TABLE entries (list TEXT NOT NULL, equals NOT NULL, sort NOT NULL, id TEXT NOT NULL, row INTEGER NOT NULL,
  PRIMARY KEY (list, equals, sort, id)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('floor', 7), ('indexes', 'the fingerprint of another build');
INSERT INTO rows VALUES (1, 'note', 'a', 3, '[["note.owner","o","a"],["note.due",0,20.5]]', '{"kind":"note","id":"a","owner":"o","due":20.5}');
INSERT INTO rows VALUES (2, 'count', 'c', 1, '[]', '{"kind":"count","id":"c","n":{"$bigint":"1267650600228229401496703205376"}}');
INSERT INTO rows VALUES (4, 'retired', 'r', 2, '[["retired.all",0,"r"]]', '{"kind":"retired","id":"r"}');
INSERT INTO entries VALUES ('note.owner', 'o', 'a', 'a', 1), ('note.due', 0, 20.5, 'a', 1), ('retired.all', 0, 'r', 'r', 4);
PRAGMA user_version = 1;
