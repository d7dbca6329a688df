BEGIN TRANSACTION;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
    bank TEXT NOT NULL, reference_id TEXT NOT NULL, note TEXT NOT NULL
);
INSERT INTO "audit" VALUES(1,1790000000000,'하나','create','official','','official');
INSERT INTO "audit" VALUES(2,1790000000001,'하나','add','official','ref_d827179961a051b47b51','무대');
INSERT INTO "audit" VALUES(3,1790000000001,'하나','add','official','ref_c05959c7e50e6319caba','무대');
INSERT INTO "audit" VALUES(4,1790000000002,'Mina','disable','official','ref_c05959c7e50e6319caba','wrong');
INSERT INTO "audit" VALUES(5,1790000000003,'Mina','about','official','ref_d827179961a051b47b51','arin');
CREATE TABLE banks (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('official', 'known_bad', 'ignore')),
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "banks" VALUES('official','official',1790000000000);
CREATE TABLE looks (
    reference_id TEXT PRIMARY KEY REFERENCES refs (reference_id),
    features BLOB NOT NULL, pixels BLOB NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "looks" VALUES('ref_d827179961a051b47b51',X'6665617475726573',X'706978656C73',3,2);
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT);
INSERT INTO "migrations" VALUES(1,'banks');
INSERT INTO "migrations" VALUES(2,'looks');
INSERT INTO "migrations" VALUES(3,'about');
CREATE TABLE refs (
    reference_id TEXT PRIMARY KEY,
    bank TEXT NOT NULL REFERENCES banks (name),
    pdq BLOB NOT NULL CHECK (length(pdq) = 32),
    quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 100),
    label TEXT NOT NULL, note TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    added_at INTEGER NOT NULL
, subject TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
INSERT INTO "refs" VALUES('ref_c05959c7e50e6319caba','official',X'2222222222222222222222222222222222222222222222222222222222222222',100,'무대','',0,1790000000001,'');
INSERT INTO "refs" VALUES('ref_d827179961a051b47b51','official',X'1111111111111111111111111111111111111111111111111111111111111111',100,'무대','',1,1790000000001,'arin');
CREATE INDEX refs_bank ON refs (bank, added_at);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'what was done is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'what was done is never deleted'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',5);
COMMIT;
PRAGMA user_version=3;
