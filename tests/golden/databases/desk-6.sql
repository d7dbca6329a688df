BEGIN TRANSACTION;
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    decision_id TEXT NOT NULL UNIQUE,
    alert_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    reason TEXT NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL,
    undoes TEXT NOT NULL,
    digest BLOB NOT NULL
);
INSERT INTO "decisions" VALUES(1,'dc_1dcdd8c723d45c9024f5','al_1','acknowledged','','','하나',1790000000000,'',X'D7EEB9F9DFFD4DD25B97357BB033F5B02476EAED4A1D40C7D1E7DB929AD72490');
INSERT INTO "decisions" VALUES(2,'dc_2c161f9da38715e9eb12','al_2','resolved','fan event','','Mina',1790000000001,'',X'CDC62B80EFA39E600C352270B500C6E82722E330A606C46CA6C3317D23D0F2AC');
INSERT INTO "decisions" VALUES(3,'dc_c0cdfdb0f8f517bedcee','al_2','open','','','Mina',1790000000002,'dc_2c161f9da38715e9eb12',X'1D89A74DA5D1206E1C95B5378E4B156E14B54CF9A8FABC745E8368E9E75984FB');
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id TEXT NOT NULL UNIQUE,
    sink TEXT NOT NULL, alert_id TEXT NOT NULL,
    occasion TEXT NOT NULL, severity INTEGER NOT NULL, round INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('pending', 'sending', 'done', 'failed', 'skipped')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL,
    problem TEXT NOT NULL DEFAULT ''
);
INSERT INTO "deliveries" VALUES(1,'de_a3a22f55716a969a8cdf','team','al_1','new',2,0,'done',1,0,1790000000003,'');
INSERT INTO "deliveries" VALUES(2,'de_a50517ca89b310a87407','team','al_2','new',2,0,'pending',0,0,1790000000000,'');
CREATE TABLE keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL, scopes TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL, revoked_at INTEGER
) WITHOUT ROWID;
INSERT INTO "keys" VALUES('559663c7','robot','read',X'F60F08BB0BDB1B2A8182733A2C0DA5570F5818AA30E7A1C59EF4FA1A61CD0E28',1790000000000,NULL);
CREATE TABLE looks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL
);
INSERT INTO "looks" VALUES(1,'1111111111111111111111111111111111111111111111111111111111111111','하나',1790000000000);
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('started',1790000000000);
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT);
INSERT INTO "migrations" VALUES(1,'decisions');
INSERT INTO "migrations" VALUES(2,'deliveries');
INSERT INTO "migrations" VALUES(3,'keys');
INSERT INTO "migrations" VALUES(4,'moments');
INSERT INTO "migrations" VALUES(5,'views');
INSERT INTO "migrations" VALUES(6,'looks');
CREATE TABLE sinks (name TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO "sinks" VALUES('team');
CREATE TABLE views (
    view_id TEXT PRIMARY KEY,
    name TEXT NOT NULL, page TEXT NOT NULL, query TEXT NOT NULL,
    owner TEXT NOT NULL, who TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "views" VALUES('fdfe32a5fee9b45e','mine','/alerts','severity=high','하나','하나',1790000000000);
CREATE INDEX decisions_alert ON decisions (alert_id, seq, state);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE TRIGGER decisions_are_kept BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE INDEX deliveries_alert ON deliveries (alert_id, sink);
CREATE INDEX deliveries_waiting ON deliveries (sink, seq)
    WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_state ON deliveries (sink, state, changed_at);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX views_owner ON views (owner, name);
CREATE INDEX looks_sha256 ON looks (sha256, who, at);
CREATE TRIGGER looks_stay BEFORE UPDATE ON looks
    BEGIN SELECT RAISE(ABORT, 'who looked is never changed'); END;
CREATE TRIGGER looks_are_kept BEFORE DELETE ON looks
    BEGIN SELECT RAISE(ABORT, 'who looked is never deleted'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decisions',3);
INSERT INTO "sqlite_sequence" VALUES('deliveries',2);
INSERT INTO "sqlite_sequence" VALUES('looks',1);
COMMIT;
PRAGMA user_version=6;
