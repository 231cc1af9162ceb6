/* schema.h - the store's tables.  A change is a new step at the end of the
 * list: PRAGMA user_version says how many were taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_SCHEMA_H
#define FETTLE_SCHEMA_H

static const char *const fettle_schema[] = {
  "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
  /* A node.  secret: sealed credentials (store/seal.h). */
  "CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, address TEXT NOT NULL,"
  " type TEXT NOT NULL, user TEXT, auth TEXT NOT NULL, secret BLOB, settings TEXT NOT NULL,"
  " labels TEXT NOT NULL, grp TEXT, host_key TEXT, state TEXT NOT NULL, error_code TEXT,"
  " error TEXT, inventoried INTEGER, UNIQUE (address, settings));"
  /* What the last good inventory found: the API's list of items, as one text,
   * since it is written and read as a whole. */
  "CREATE TABLE inventory (node INTEGER PRIMARY KEY REFERENCES node ON DELETE CASCADE,"
  " items INTEGER NOT NULL, data TEXT NOT NULL);"
  "CREATE TABLE baseline (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL,"
  " added INTEGER NOT NULL, ready INTEGER NOT NULL);"
  /* stamps: what the files looked like when they were hashed. */
  "CREATE TABLE component (baseline INTEGER NOT NULL REFERENCES baseline ON DELETE CASCADE,"
  " id TEXT NOT NULL, data TEXT NOT NULL, stamps TEXT NOT NULL, PRIMARY KEY (baseline, id))"
  " WITHOUT ROWID;"
  "CREATE TABLE problem (baseline INTEGER NOT NULL REFERENCES baseline ON DELETE CASCADE,"
  " file TEXT NOT NULL, message TEXT NOT NULL);"
  "CREATE TABLE job (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL,"
  " created INTEGER NOT NULL, finished INTEGER, options TEXT, plan TEXT, exit_code INTEGER,"
  " message TEXT);"
  /* Node and component are kept as text beside their ids: a report outlives both. */
  "CREATE TABLE task (id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,"
  " node INTEGER, name TEXT NOT NULL, address TEXT NOT NULL, type TEXT NOT NULL,"
  " baseline INTEGER, component TEXT, title TEXT NOT NULL, state TEXT NOT NULL, spec TEXT,"
  " token TEXT, calls INTEGER NOT NULL DEFAULT 0, from_version TEXT, to_version TEXT, found TEXT,"
  " verified INTEGER NOT NULL DEFAULT 0, reboot INTEGER NOT NULL DEFAULT 0,"
  " taken INTEGER NOT NULL DEFAULT 0, leftovers INTEGER NOT NULL DEFAULT 0,"
  " error_code TEXT, error TEXT, started INTEGER, finished INTEGER);"
  "CREATE INDEX task_job ON task (job);"
  /* The journal: what was about to be done, and what came of it. */
  "CREATE TABLE step (id INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,"
  " time INTEGER NOT NULL, what TEXT NOT NULL, detail TEXT);"
  "CREATE INDEX step_task ON step (task);"
  "CREATE TABLE line (id INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,"
  " text TEXT NOT NULL);"
  "CREATE INDEX line_task ON line (task);",

  /* Leases of the firewall: what is wanted, written before it is opened. */
  "CREATE TABLE lease (node TEXT NOT NULL, job TEXT NOT NULL, phase INTEGER NOT NULL,"
  " until INTEGER NOT NULL, holes TEXT NOT NULL, PRIMARY KEY (node, job, phase)) WITHOUT ROWID;",

  /* Nodes whose own firewall may be open.  operation: the task that names it
   * there; former: what it was like, NULL while that isn't known yet. */
  "CREATE TABLE node_firewall (node INTEGER NOT NULL REFERENCES node ON DELETE CASCADE,"
  " operation INTEGER NOT NULL, job INTEGER NOT NULL, since INTEGER NOT NULL, former TEXT,"
  " PRIMARY KEY (node, operation)) WITHOUT ROWID;",

  /* Groups: what their nodes have in common; what a node says itself comes first.  Each node.grp
   * has a row here.  maintenance: the text of a maintenance window, NULL: any time; secret:
   * sealed credentials, as a node's. */
  "CREATE TABLE grp (name TEXT PRIMARY KEY, note TEXT, user TEXT, auth TEXT NOT NULL DEFAULT 'none',"
  " secret BLOB, labels TEXT NOT NULL DEFAULT '{}', maintenance TEXT, max_parallel INTEGER);"
  "INSERT INTO grp (name) SELECT DISTINCT grp FROM node WHERE grp IS NOT NULL;"
  "ALTER TABLE node ADD COLUMN maintenance TEXT;"
  "CREATE INDEX node_grp ON node (grp);",

  /* Each lane asks for its node's tasks: not by reading the whole table. */
  "CREATE INDEX task_node ON task (node);"
  "CREATE INDEX task_leftovers ON task (node) WHERE leftovers = 1;",

  /* Rollout.  job.aborted: 1 soft, 2 hard; held: what a person has to end.  rollout: a node's place
   * in a deployment; begun: it may have been touched.  node.parent: the node that it belongs to;
   * pair: nodes of which two are never worked on at once. */
  "ALTER TABLE job ADD COLUMN aborted INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE job ADD COLUMN held TEXT;"
  "ALTER TABLE job ADD COLUMN canary_passed INTEGER NOT NULL DEFAULT 0;"
  "CREATE TABLE rollout (job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,"
  " node INTEGER NOT NULL REFERENCES node ON DELETE CASCADE, position INTEGER NOT NULL,"
  " batch INTEGER NOT NULL, rank INTEGER NOT NULL, enclosure INTEGER NOT NULL,"
  " begun INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (job, node)) WITHOUT ROWID;"
  "CREATE INDEX rollout_node ON rollout (node);"
  "ALTER TABLE node ADD COLUMN parent INTEGER REFERENCES node ON DELETE SET NULL;"
  "ALTER TABLE node ADD COLUMN location TEXT;"
  "ALTER TABLE node ADD COLUMN pair TEXT;"
  "CREATE INDEX node_parent ON node (parent);",

  /* What checks found blocked, until they find it open. */
  "CREATE TABLE way (node INTEGER NOT NULL REFERENCES node ON DELETE CASCADE, direction TEXT NOT NULL,"
  " protocol TEXT NOT NULL, port INTEGER NOT NULL, time INTEGER NOT NULL, verdict TEXT NOT NULL,"
  " sentence TEXT NOT NULL, mend TEXT NOT NULL, PRIMARY KEY (node, direction, protocol, port))"
  " WITHOUT ROWID;",

  /* The key of a node's certificate, as host_key is that of its SSH server. */
  "ALTER TABLE node ADD COLUMN certificate TEXT;",

  /* Tokens of the API.  hash: of the secret part; expires NULL: never. */
  "CREATE TABLE token (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,"
  " hash BLOB NOT NULL, created INTEGER NOT NULL, creator TEXT NOT NULL, expires INTEGER,"
  " used INTEGER) WITHOUT ROWID;"
  /* What happened, as it is told to those who watch: AUTOINCREMENT never gives a number twice. */
  "CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER, data TEXT NOT NULL);",
  /* The audit log: store/audit.h. */
  "CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, role TEXT,"
  " origin TEXT, what TEXT NOT NULL, object TEXT, outcome TEXT, detail TEXT, hash TEXT NOT NULL);"
  "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
  " BEGIN SELECT raise (ABORT, 'the audit log only grows'); END;"
  "CREATE TRIGGER audit_keeps BEFORE DELETE ON audit"
  " BEGIN SELECT raise (ABORT, 'the audit log only grows'); END;",
  /* "job", "task", "node". */
  "ALTER TABLE event ADD COLUMN type TEXT NOT NULL DEFAULT '';",

  /* What was on nodes at a time: [{name, match, arch, version}]. */
  "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
  " created INTEGER NOT NULL);"
  "CREATE TABLE snapshot_node (snapshot INTEGER NOT NULL REFERENCES snapshot ON DELETE CASCADE,"
  " node INTEGER NOT NULL REFERENCES node ON DELETE CASCADE, items TEXT NOT NULL,"
  " PRIMARY KEY (snapshot, node)) WITHOUT ROWID;",

  /* Whom we trust (engine/trust.c); the newest version of each signed baseline. */
  "ALTER TABLE baseline ADD COLUMN signature TEXT;"
  "ALTER TABLE baseline ADD COLUMN adds_to TEXT;"
  "ALTER TABLE job ADD COLUMN unsigned TEXT;" /* names of baselines */
  "CREATE TABLE trust (id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL,"
  " data TEXT NOT NULL, added INTEGER NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE seen (name TEXT PRIMARY KEY, version INTEGER NOT NULL, digest TEXT NOT NULL)"
  " WITHOUT ROWID;",

  /* One-time URLs of running tasks; file -1: for status. */
  "CREATE TABLE offer (token TEXT PRIMARY KEY,"
  " task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE, file INTEGER NOT NULL,"
  " listener INTEGER NOT NULL, ours TEXT NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX offer_task ON offer (task);"
  /* What nodes posted.  key: Idempotency-Key; taken: the task's calls have had it. */
  "CREATE TABLE post (id INTEGER PRIMARY KEY,"
  " task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE, time INTEGER NOT NULL, key TEXT,"
  " body TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0);"
  "CREATE INDEX post_task ON post (task, id);"
  "CREATE UNIQUE INDEX post_key ON post (task, key) WHERE key IS NOT NULL;",

  /* Of the sealed credentials, what isn't secret: the second user, and who is asked for the rest. */
  "ALTER TABLE node ADD COLUMN second_user TEXT;"
  "ALTER TABLE node ADD COLUMN helper TEXT;"
  "ALTER TABLE grp ADD COLUMN second_user TEXT;"
  "ALTER TABLE grp ADD COLUMN helper TEXT;",

  "ALTER TABLE job ADD COLUMN signatures TEXT;", /* who vouched for its baselines */

  /* 1: an inventory is being made, 2: one was cut (engine/leftovers.c). */
  "ALTER TABLE node ADD COLUMN inventory_left INTEGER NOT NULL DEFAULT 0;",
};

#endif
