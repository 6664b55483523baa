"""Convert the rows of a DataFrame to arguments of create_task: the reverse of `to_pandas`."""

from __future__ import annotations

import base64
import difflib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from ..errors import InvalidArgument, InvalidRows, kind_of
from ..model.json import encode
from ..model.unpacking import inflated, json_object
from .columns import TASKS
from .dtypes import frame_of
from .export import PREFIX, TEXT_COLUMN
from .task_rows import SETTINGS

_SAID_AS_THEY_ARE = ("method", "tag", "task_id", "relative_url")
READ = ("payload", TEXT_COLUMN, "url", "headers", "schedule_time", "schedule", *_SAID_AS_THEY_ARE, "settings")
# The other columns of a listing are set by the service, or describe how to read the rest.
_PASSED_OVER = frozenset(TASKS.schema.names) - frozenset(READ)
_SLICE_ROWS = 1000


def frame_from(given: Any) -> Any:
    """Convert a table (Arrow, Polars and the like), or rows with column names that only a DataFrame has.

    Other rows stay as they are: dicts of arguments of create_task.
    """
    if hasattr(given, "__arrow_c_stream__"):
        return frame_of(pa.table(given), "pyarrow")
    names = {str(name) for row in given for name in row}
    is_table = {"kind", "view"} <= names or names & {"schedule_time", TEXT_COLUMN}
    if is_table or any(name.startswith(PREFIX) for name in names):
        return pd.DataFrame(given, dtype=object)
    return given


def rows_from(frame: pd.DataFrame) -> Iterator[dict[str, Any] | InvalidArgument]:
    """Each row as arguments of create_task, or as the error in it; reads the frame in slices.

    Errors: InvalidRows, before the first row, for unknown or repeated columns.
    """
    _check_columns(frame)
    used = [str(name) for name in frame.columns if name in READ or str(name).startswith(PREFIX)]
    used += [name for name in ("kind", "view", "create_time") if name in frame.columns]
    return _rows(frame, used)


def _check_columns(frame: pd.DataFrame) -> None:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    strange = [
        name
        for name in names
        if name not in READ and name not in _PASSED_OVER and not name.startswith(PREFIX)
    ]
    problems = [f"column {name!r} appears more than once" for name in twice]
    for name in strange:
        near = difflib.get_close_matches(name.lower(), READ, 1)
        problems.append(f"column {name!r} is unknown" + (f"; did you mean {near[0]!r}?" if near else ""))
    if problems:
        raise InvalidRows(
            [(None, problem) for problem in problems],
            hint=f"columns are {', '.join(READ)}; rename a column to payload.<key> to send it as JSON, or drop it",
        )


def _rows(frame: pd.DataFrame, used: list[str]) -> Iterator[dict[str, Any] | InvalidArgument]:
    keys = {
        name.removeprefix(PREFIX): _holds_json(frame[name].tolist())
        for name in used
        if name.startswith(PREFIX)
    }
    counted = str(frame["dispatch_count"].dtype).lower() if "dispatch_count" in frame.columns else ""
    for start in range(0, len(frame), _SLICE_ROWS):
        part = frame.iloc[start : start + _SLICE_ROWS]
        columns = [part[name].tolist() for name in used]
        for values in zip(*columns, strict=True) if columns else [()] * len(part):
            known = {name: value for name, value in zip(used, values, strict=True) if not _missing(value)}
            known["counted"] = counted
            try:
                yield _row(known, keys)
            except InvalidArgument as problem:
                yield problem


def _row(known: dict[str, Any], keys: Mapping[str, bool]) -> dict[str, Any]:
    row = _settings(known.get("settings"))
    row |= {name: known[name] for name in _SAID_AS_THEY_ARE if name in known}
    payload = _payload(known, keys)
    if payload is None and known.get("view") == "BASIC":
        raise InvalidArgument(
            "the task was listed without its payload",
            hint='list with queue.tasks(view="FULL"), or drop "view"; v2 never returns the payload of a pull task',
        )
    if payload is not None:
        row["payload"] = payload
    if "url" in known:
        row["relative_url" if known.get("kind") == "app_engine" else "url"] = known["url"]
    if "headers" in known:
        row["headers"] = _headers(known["headers"])
    schedule = known.get("schedule", known.get("schedule_time"))
    if schedule is not None:
        row["schedule"] = _instant(schedule)
    return row


def _settings(held: Any) -> dict[str, Any]:
    """Keyword arguments of create_task from the column `settings`, which holds those without a column."""
    if held is None or held == "":  # some readers of CSV files have "" for a missing text
        return {}
    try:
        settings = json.loads(held) if isinstance(held, str) else dict(held)
    except (TypeError, ValueError):
        settings = None
    if not isinstance(settings, dict):
        raise InvalidArgument('settings must be a JSON object, such as {"dispatch_deadline": "30s"}')
    if strange := [name for name in settings if name not in SETTINGS]:
        near = difflib.get_close_matches(str(strange[0]), SETTINGS, 1)
        raise InvalidArgument(
            f"settings cannot have {strange[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            hint=f"settings are {', '.join(SETTINGS)}; all other options have columns",
        )
    return settings


def _is_text_of(text: Any, held: bytes) -> bool:
    """Whether `text` is the unedited text of a payload. Pandas 2 cuts a cell of a CSV file at a NUL character."""
    whole = inflated(held).decode("utf-8", "replace")
    return text in (whole, whole.partition("\0")[0])


def _payload(known: Mapping[str, Any], keys: Mapping[str, bool]) -> Any:
    """The payload: the payload column with the changes in payload_text and payload.<key>, or these alone.

    An unedited payload stays the same, byte by byte. `keys`: whether their columns hold JSON text.
    """
    held, is_from_csv = known.get("payload"), _is_from_csv(known)
    if isinstance(held, str) and is_from_csv:
        held = _from_base64(held)
    elif held is not None and type(held).__module__ == "numpy":
        held = held.tolist()
    text = known.get(TEXT_COLUMN)
    if held is None or (isinstance(held, bytes) and text is not None and not _is_text_of(text, held)):
        held = text
    cells = {key: _cell(known.get(PREFIX + key), is_json) for key, is_json in keys.items()}
    said = json_object(held) if isinstance(held, bytes) else None
    if is_from_csv:
        cells = {key: _as_said(value, (said or {}).get(key)) for key, value in cells.items()}
    if said is not None and isinstance(held, bytes):
        edited = {key: value for key, value in cells.items() if not _is_same(value, said.get(key))}
        return _edited(held, edited) if edited else held
    given = {key: value for key, value in cells.items() if value is not None}
    if given:
        return given
    return None if isinstance(held, bytes) and not held else held


def _holds_json(cells: list[Any]) -> bool:
    """Whether a column holds JSON text, as Arrow tables and files have it for values of several types."""
    found = [cell for cell in cells if not _missing(cell)]
    if not all(isinstance(cell, str) for cell in found):
        return False
    types = {type(_from_json(cell)) for cell in found}
    is_nested = any(cell.startswith(('"', "{", "[")) and _from_json(cell) != cell for cell in found)
    return is_nested or (len(types) > 1 and str not in types)


def _cell(value: Any, is_json: bool) -> Any:
    return _from_json(value) if is_json and isinstance(value, str) else _plain(value)


def _as_said(cell: Any, said: Any) -> Any:
    """A cell of a text file with the type of the value in the payload; also a number that is too large for a column."""
    if said is None and cell == "":  # some readers have "" for a missing text
        return None
    return cell if said is None or isinstance(said, str) or not isinstance(cell, str) else _from_json(cell)


def _from_json(text: str) -> Any:
    """The value of a JSON text; other text stays as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_same(cell: Any, said: Any) -> bool:
    """Whether a cell equals a value of the payload. 1.0 equals 1, because columns may hold floats; True does not."""
    if isinstance(cell, bool) or isinstance(said, bool):
        return cell is said
    if isinstance(said, int) and not -(2**53) <= said <= 2**53:  # columns hold it as text, or not exactly
        return cell in (said, str(said)) or (isinstance(cell, float) and cell == _as_float(said))
    return bool(cell == said)


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _edited(payload: bytes, edited: Mapping[str, Any]) -> bytes:
    """The JSON object with new values of some keys. None removes a key."""
    try:
        members: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise InvalidArgument(
            f"its payload is packed (gzip or base64), so {PREFIX}{next(iter(edited))} cannot be changed",
            hint="set the whole payload in place of its keys",
        ) from None
    for key, value in edited.items():
        if value is None:
            members.pop(key, None)
        else:
            members[key] = value
    return encode(members)


def _is_from_csv(known: Mapping[str, Any]) -> bool:
    """Whether a listed row was read from a CSV file. Errors: InvalidArgument if its payload does not show that."""
    if known.get("view") != "FULL":
        return False
    if any(isinstance(known.get(name), str) and known[name] for name in ("headers", "create_time")):
        return True
    held = known.get("payload")
    is_read = known["counted"].startswith("int64")  # a listing has 32-bit counts
    if not is_read or "headers" in known or not isinstance(held, str):
        return False
    try:
        _from_base64(held)
    except InvalidArgument:
        return False
    raise InvalidArgument(
        "its payload may be base64, as in a CSV file, or text",
        hint='read files with dtype=str, or drop the column "view" to send payloads as plain text',
    )


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidArgument(
            "its payload is not base64, which a CSV file of a listing contains",
            hint='drop the column "view" to send payloads as plain text',
        ) from None


def _plain(value: Any) -> Any:
    """A value of a table as a plain JSON value."""
    if isinstance(value, datetime):  # includes pandas' Timestamp
        return value.isoformat()
    to_plain = getattr(value, "tolist", None)  # numpy's scalars and arrays
    return to_plain() if to_plain is not None else value


def _headers(value: Any) -> dict[str, str]:
    if isinstance(value, str):  # from a CSV file
        try:
            value = json.loads(value or "{}")
        except ValueError:
            raise InvalidArgument("headers must be a dict or a JSON object, not other text") from None
    try:
        return {name: text for name, text in dict(value).items() if not _missing(text)}
    except (TypeError, ValueError):
        raise InvalidArgument(f"headers must be a dict, not {kind_of(value)}") from None


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidArgument(
            f"schedule_time {value!r} is not an instant such as 2026-03-01T09:00:00Z"
        ) from None


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
