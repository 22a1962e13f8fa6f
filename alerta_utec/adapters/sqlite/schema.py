"""The database's tables, as the list of migrations that made them.

``user_version`` counts the migrations of a database. A released migration never changes; a change
of the schema is a new one.
"""

import sqlite3

from alerta_utec.adapters.sqlite.errors import DataRefused
from alerta_utec.domain.folding import fold
from alerta_utec.domain.ids import new_epoch

# "ALRT", which distinguishes the file from other SQLite databases.
APPLICATION_ID = 0x414C5254

# Times are microseconds since 1970 in UTC. Plain types, for SQLite as old as 3.31.
_FIRST = """
PRAGMA application_id = 1095520852; -- APPLICATION_ID
CREATE TABLE feed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL
);
INSERT INTO feed VALUES (1, lower(hex(randomblob(6))), 0);
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,
    incident_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    made_by TEXT,
    note TEXT,
    digest TEXT,
    user TEXT,
    key TEXT,
    state_before TEXT,
    state_after TEXT NOT NULL,
    UNIQUE (incident_id, revision)
);
CREATE TABLE incidents (
    created_seq INTEGER PRIMARY KEY,
    incident_id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    urgency TEXT NOT NULL,
    type_folded TEXT NOT NULL,
    location_folded TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX incidents_by_status ON incidents (status, created_seq);
CREATE TABLE keys (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE INDEX keys_by_expiry ON keys (expires_at_us);
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('owed', 'sent', 'given_up')),
    attempts INTEGER NOT NULL,
    next_try_at_us INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL,
    finished_at_us INTEGER,
    last_error TEXT
);
CREATE INDEX jobs_owed ON jobs (next_try_at_us) WHERE state = 'owed';
CREATE TABLE deliveries (
    incident_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    channel TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (incident_id, revision, channel)
) WITHOUT ROWID;
"""

# The webhooks, the ``seq`` up to which the feed was scanned for them, and their jobs.
_WEBHOOKS = """
CREATE TABLE webhooks (
    webhook_id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE webhook_plan (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
);
INSERT INTO webhook_plan SELECT 1, seq FROM feed;
CREATE TABLE webhook_jobs (
    webhook_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('owed', 'delivered', 'given_up')),
    attempts INTEGER NOT NULL,
    next_try_at_us INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL,
    finished_at_us INTEGER,
    last_error TEXT,
    PRIMARY KEY (webhook_id, seq)
) WITHOUT ROWID;
CREATE INDEX webhook_jobs_owed ON webhook_jobs (webhook_id, next_try_at_us) WHERE state = 'owed';
CREATE INDEX webhook_jobs_finished ON webhook_jobs (finished_at_us) WHERE state != 'owed';
"""

# The notifications, one for each change and recipient, and the throttle state of each recipient.
# ``lead_seq``: the first notification of the e-mail that has this one. ``next_at_us``: the next
# attempt of a pending notification or the end of a hold, NULL after the last.
_NOTICES = """
CREATE TABLE notices (
    seq INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('held', 'owed', 'sent', 'given_up', 'suppressed')),
    grouping TEXT,
    held_for TEXT,
    lead_seq INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    owed_since_us INTEGER NOT NULL,
    next_at_us INTEGER,
    changed_at_us INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (seq, recipient)
) WITHOUT ROWID;
CREATE INDEX notices_waiting ON notices (recipient, next_at_us) WHERE next_at_us IS NOT NULL;
CREATE INDEX notices_of_email ON notices (recipient, lead_seq);
CREATE TABLE gates (
    recipient TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) WITHOUT ROWID;
"""

# See ``file_identity``.
_FILE_IDENTITY = """
CREATE TABLE file_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    identity TEXT NOT NULL,
    is_open INTEGER NOT NULL
);
"""

# Before, only the case was folded.
_FOLDED_TEXTS = """
UPDATE incidents SET type_folded = fold(type_folded), location_folded = fold(location_folded);
"""

# When ``next_try_at_us`` was set, by the same clock; NULL where an older version set it.
_WEBHOOK_WAITS = "ALTER TABLE webhook_jobs ADD COLUMN scheduled_at_us INTEGER;"

# The keys of machines. See ``sign_in.key``.
_ACCESS_KEYS = """
CREATE TABLE access_keys (
    key_id TEXT PRIMARY KEY,
    created_at_us INTEGER NOT NULL,
    record TEXT NOT NULL,
    last_used_at_us INTEGER
) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _WEBHOOKS,
    _NOTICES,
    _FILE_IDENTITY,
    _FOLDED_TEXTS,
    _WEBHOOK_WAITS,
    _ACCESS_KEYS,
)


def check(connection: sqlite3.Connection, name: str) -> int:
    """Return how many migrations the database has had; 0 if it is empty.

    Raises:
        DataRefused: it is another program's, or of a later version of this one.
        sqlite3.Error: it cannot be read.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise DataRefused(f"{name} no es una base de datos de Alerta UTEC.")
    if version > len(MIGRATIONS):
        raise DataRefused(
            f"{name} es de una versión más nueva (esquema {version}; este programa conoce "
            f"hasta el {len(MIGRATIONS)}). Actualice el programa."
        )
    return int(version)


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Run the missing migrations, each in one transaction.

    ``connection`` is in autocommit mode.

    Raises:
        DataRefused: as ``check``.
        sqlite3.Error: a migration failed and was rolled back.
    """
    connection.create_function("fold", 1, fold, deterministic=True)
    for step in range(check(connection, name), len(MIGRATIONS)):
        statements = f"BEGIN IMMEDIATE;{MIGRATIONS[step]}PRAGMA user_version = {step + 1};COMMIT;"
        try:
            connection.executescript(statements)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def begin_epoch(connection: sqlite3.Connection) -> str:
    """Give the feed a new epoch, and return it; clients with an earlier one get a snapshot.

    Raises:
        sqlite3.Error.
    """
    epoch = new_epoch()
    connection.execute("UPDATE feed SET epoch = ?", (epoch,))
    return epoch
