"""A database file: creates, recognises, checks, and upgrades it. SQLite only."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from ....errors import ConfigError
from .given_up import TABLE as GIVEN_UP

APPLICATION_ID = 0x63746E62  # "ctnb"
VERSION = 6
RESTORE = "restore a backup of it, or name another file; this file was not changed"
_BEGINNING = b"SQLite format 3\0"
CHECK_S = 0.3  # how long the check for damage may take at the start; other damage is found when it is read

_LOGGED = (
    "ALTER TABLE tasks ADD COLUMN logged INTEGER NOT NULL DEFAULT 0; "
    "UPDATE tasks SET logged = 1 WHERE generation IN (SELECT generation FROM queues "
    "WHERE json_extract(config, '$.stackdriverLoggingConfig.samplingRatio') >= 1);"
)
_COUNTED = "ALTER TABLE generations ADD COLUMN tasks INTEGER NOT NULL DEFAULT 0;"
_COUNT = (
    "UPDATE generations SET tasks = (SELECT count(*) FROM tasks WHERE tasks.generation = generations.id);"
)
_ANSWERED = (
    "INSERT INTO answers SELECT queue, answer_us / 100000 AS tenth, count(*) FROM {} GROUP BY queue, tenth;"
)
_RENAMED = "version_1_"
_KEPT_SINCE_1 = (
    "queues",
    "blocked_queues",
    "tasks",
    "tombstones",
    "answers",
    "operations",
    "cmek",
    "oauth_tokens",
)


def check_beginning(path: Path) -> None:
    """Errors: ConfigError for a file that is not a database. SQLite would replace it, if it is short."""
    with suppress(OSError):  # SQLite will report it
        if path.is_file():  # opening a pipe would wait
            with path.open("rb") as file:
                if file.read(len(_BEGINNING)) not in (b"", _BEGINNING):
                    raise ConfigError("cannot be used: file is not a database.", hint=RESTORE)


def prepare(connection: sqlite3.Connection, check_s: float = CHECK_S) -> None:
    """Makes an open database the emulator's. `check_s`: the time limit of the check for damage.

    Errors: sqlite3.Error; ConfigError for a file of another program.
    """
    # Exclusive: two emulators on one file would dispatch every task twice. The lock ends with the process.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    _identity(connection)  # do not change a file of another program
    _set_up(connection)
    version = _identity(connection)  # now nobody else can change it
    if version == 0:
        connection.executescript(_in_one_transaction(_schema()))
    else:
        _check(connection, check_s)
    if version == 1:
        _from_version_1(connection)
    if 2 <= version < VERSION:
        clock = "CREATE TABLE clock (now_us INTEGER NOT NULL);" if version == 2 else ""
        told = f"{_LOGGED} {_sql('telemetry.sql')}" if version < 4 else ""
        counted = f"{_COUNTED} {_COUNT}" if version < 5 else ""
        connection.executescript(_in_one_transaction(f"{clock} {told} {counted} {_answers_anew()}"))
    connection.executescript(GIVEN_UP)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("UPDATE tasks SET in_flight = 0 WHERE in_flight > 0")  # the last stop aborted them


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # committed data survives a power cut
    connection.execute("PRAGMA cache_size = -32768")  # 32 MB, however large the file
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")


def is_blank(connection: sqlite3.Connection) -> bool:
    """Whether the database is empty and unmarked. Errors: ConfigError for a database of another program."""
    return _identity(connection) == 0


def _identity(connection: sqlite3.Connection) -> int:
    """The format version of the file; 0 if it is empty. Errors: ConfigError."""
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables == 0 and application == 0:
        return 0
    if application != APPLICATION_ID:
        raise ConfigError(
            "is not a database of this emulator.", hint="name another file; this file was not changed"
        )
    if not 1 <= version <= VERSION:
        raise ConfigError(
            f"was written by another version of the emulator (format {version}, not {VERSION}).",
            hint="update cloudtasks-nb, or name another file",
        )
    return int(version)


def _check(connection: sqlite3.Connection, for_s: float) -> None:
    """Checks for damage, for a limited time. Errors: ConfigError."""
    deadline = time.monotonic() + for_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        found = "ok"  # a large file: the checked part is good
    finally:
        connection.set_progress_handler(None, 0)
    if found != "ok":
        raise ConfigError(f"is damaged: {' '.join(found.split())}.", hint=RESTORE)


def _schema() -> str:
    return _sql("schema.sql") + _sql("answers.sql") + _sql("telemetry.sql")


def _answers_anew() -> str:
    """Since version 6, ended attempts are counted. Before, each one had a row."""
    moved = _ANSWERED.format("single")
    return f"ALTER TABLE answers RENAME TO single; {_sql('answers.sql')} {moved} DROP TABLE single;"


def _sql(file: str) -> str:
    return files(__package__).joinpath(file).read_text("utf-8")


def _in_one_transaction(script: str) -> str:
    mark = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    return f"BEGIN; {script} {mark} COMMIT;"


def _from_version_1(connection: sqlite3.Connection) -> None:
    """Creates the current tables and copies the old content: a queue's tasks become its first generation."""
    objects = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    tables = [name for kind, name, _ in objects if kind == "table" and name in _KEPT_SINCE_1]
    steps = [f"DROP INDEX {name};" for kind, name, sql in objects if kind == "index" and sql is not None]
    steps += [f"ALTER TABLE {name} RENAME TO {_RENAMED}{name};" for name in tables]
    steps.append(_schema())
    steps.append(f"INSERT INTO generations (id, queue) SELECT id, id FROM {_RENAMED}queues;")  # noqa: S608
    for name in tables:
        if name == "answers":
            steps.append(_ANSWERED.format(f"{_RENAMED}answers"))
            continue
        columns = [column for _, column, *_ in connection.execute(f"PRAGMA table_info({name})")]
        into = ", ".join("generation" if (name, c) == ("tasks", "queue") else c for c in columns)
        read = ", ".join(columns)
        if name == "queues":
            into, read = f"{into}, generation", f"{read}, id"
        steps.append(f"INSERT INTO {name} ({into}) SELECT {read} FROM {_RENAMED}{name};")  # noqa: S608
    steps.append(_COUNT)
    steps += [f"DROP TABLE {_RENAMED}{name};" for name in reversed(tables)]
    try:
        connection.executescript(_in_one_transaction("\n".join(steps)))
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
