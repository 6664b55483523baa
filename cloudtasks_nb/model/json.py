"""Values in proto JSON: durations, int64 as strings, timestamps, base64.

msgspec reads and writes timestamps (RFC 3339) and bytes (base64). Durations ("3.5s") and int64 ("12") have their own
types here. Source: SPEC section 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Self, SupportsIndex, TypeVar, cast

import msgspec

from ..discreet import Body, Discreet
from ..errors import DecodeError, InvalidArgument
from ..shown import Shown
from .durations import EXAMPLES, DurationLike, span_of
from .marks import OWN, Version

T = TypeVar("T")

# numpy kinds whose tolist() returns Python values; instants are excluded because they would become numbers.
_AS_LISTED = frozenset("biufUO")
_INT64 = re.compile(r"-?[0-9]{1,19}")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
# Instants that msgspec would round, or move out of the years 1 to 9999.
_FINER, _EDGES = re.compile(rb"\.\d{7}"), (b"0001-01-01", b"9999-12-31")
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)


class Duration(timedelta):
    """A timedelta that JSON writes as "3.5s". `of` also accepts seconds and text."""

    @classmethod
    def of(cls, value: DurationLike) -> Self:
        """From a timedelta, a number of seconds, or text such as "10m". Errors: InvalidArgument.

        >>> str(Duration.of(0.1))
        '0.100s'
        """
        if isinstance(value, cls):
            return value
        try:
            span = span_of(value)
        except (OverflowError, TypeError, ValueError):
            raise InvalidArgument(
                f"{value!r} is not a duration.",
                hint=f"pass a timedelta, a number of seconds, or text such as {EXAMPLES}",
            ) from None
        return cls(days=span.days, seconds=span.seconds, microseconds=span.microseconds)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the JSON form. Errors: ValueError."""
        match = _DURATION.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not a duration such as '3.5s'")
        sign, seconds, fraction = match.groups()
        try:
            value = cls(seconds=int(seconds), microseconds=int((fraction or "").ljust(9, "0")[:6]))
            return (
                cls(days=-value.days, seconds=-value.seconds, microseconds=-value.microseconds)
                if sign
                else value
            )
        except OverflowError:
            raise ValueError(f"{text!r} is too long for a duration") from None

    def __str__(self) -> str:
        total_us = (self.days * 86_400 + self.seconds) * 1_000_000 + self.microseconds
        seconds, fraction_us = divmod(abs(total_us), 1_000_000)
        fraction = f".{fraction_us:06}".removesuffix("000") if fraction_us else ""  # 0, 3 or 6 digits
        return f"{'-' if total_us < 0 else ''}{seconds}{fraction}s"


class Int64(int):
    """A 64-bit integer, which proto JSON writes as a string."""

    @classmethod
    def parse(cls, value: str | int) -> Self:
        """Parse the JSON form. Errors: ValueError."""
        text = str(value)
        if not _INT64.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
            raise ValueError(f"{text[:30]!r} is not a 64-bit integer")
        return cls(text)


class Instant(datetime):
    """An instant in UTC, truncated to microseconds. `text` keeps the original form for requests."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse RFC 3339 with a time zone. Errors: ValueError."""
        match = _INSTANT.fullmatch(text)
        try:
            if match is None:
                raise ValueError
            day, hour, fraction, zone = match.groups()
            zone = "+00:00" if zone in "Zz" else zone
            made = cls.fromisoformat(f"{day}T{hour}.{(fraction or '').ljust(6, '0')[:6]}{zone}")
            if made.tzinfo is not UTC:
                made = cls.combine(*_split(made.astimezone(UTC)))
        except (OverflowError, ValueError):
            raise ValueError(
                f"{text[:60]!r} is not an instant with a time zone in the years 1 to 9999"
            ) from None
        made.text = text
        return made

    def __repr__(self) -> str:
        return repr(datetime.combine(*_split(self)))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return _instant, (datetime.combine(*_split(self)), self.__dict__)


def _instant(moment: datetime, kept: dict[str, Any]) -> Instant:
    made = Instant.combine(*_split(moment))
    made.__dict__.update(kept)
    return made


def _split(moment: datetime) -> tuple[date, time]:
    return moment.date(), moment.timetz()


Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""The type of a field that holds an instant."""
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""The type of a field that holds a 32-bit integer."""


class Message(Discreet, msgspec.Struct, Shown, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """A message of the API: camelCase in JSON, snake_case in Python. Absent fields have their default."""

    keeps_texts: ClassVar[bool] = False
    """Whether instants keep their original text: the service checks a lease by the exact text of its end."""


def _from_wire(kind: type, value: Any) -> Any:
    if kind is Duration:
        return Duration.parse(value)
    if kind is Int64:
        return Int64.parse(value)
    raise NotImplementedError(kind)  # tells msgspec that the type is unknown


def _to_wire(value: Any) -> Any:
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Int64):
        return str(int(value))
    return _plain(value)


def _plain(value: Any) -> Any:
    """Convert values that are common in notebooks: subclasses of str, pandas instants, numpy numbers."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        if value != value:  # NaT is not equal to itself
            return None
        return getattr(value, "text", None) or datetime.combine(*_split(value))
    if getattr(getattr(value, "dtype", None), "kind", "") in _AS_LISTED:
        return value.tolist()
    raise NotImplementedError(type(value))


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_from_wire)


_encoder = msgspec.json.Encoder(enc_hook=_to_wire)


def in_version(raw: bytes, version: Version) -> bytes:
    """Mark JSON as that of a version, so that `decode` can read it as messages of the model."""
    if version == OWN:
        return raw
    said = raw if isinstance(raw, Body) else Body(raw)
    said.version = version
    return said


def version_said(raw: bytes) -> Version:
    """The version that JSON was marked with."""
    return cast(Version, getattr(raw, "version", None) or OWN)


def decode(raw: bytes, kind: type[T]) -> T:
    """Decode JSON of any version to a message. Errors: DecodeError for invalid JSON or a wrong type."""
    try:
        return cast(T, _decoded(raw, kind))
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise DecodeError(
            f"The response is not a {getattr(kind, '__name__', str(kind)).lstrip('_')}: {why}",
            hint="check that the endpoint serves the Cloud Tasks API in this api_version",
        ) from error


def _decoded(raw: bytes, kind: Any) -> Any:
    there = kind
    if (version := version_said(raw)) != OWN:
        from .translation import reading  # imported late: it imports the messages, which import this file

        there = reading(kind, version)
    keeps_texts = getattr(kind, "keeps_texts", None)
    is_exact = keeps_texts or (
        keeps_texts is False and (_FINER.search(raw) or any(edge in raw for edge in _EDGES))
    )
    instants: list[Instant] = []
    if is_exact:  # we parse instants: msgspec rounds them and drops the text
        values = msgspec.json.decode(raw)
        _take_instants(values, there, "$", instants)
        found = msgspec.convert(values, there, dec_hook=_from_wire)
    else:
        found = _decoder(there).decode(raw)
    if there is not kind:
        # `_from_wire` has already parsed its values.
        found = msgspec.convert(found, kind, from_attributes=True, dec_hook=lambda _, value: value)
    if is_exact:
        _put_instants(found, iter(instants))
    return found


@cache
def _with_instants(kind: type[Message]) -> tuple[tuple[str, str, type[Message] | None], ...]:
    """The fields of a message that contain instants: the name, the JSON name, and the nested message."""
    from .schema import schema

    return tuple(
        (field.name, field.wire, field.message)
        for field in schema(kind).values()
        if field.holds is datetime or (field.message is not None and _with_instants(field.message))
    )


_TAKEN = datetime(1970, 1, 1, tzinfo=UTC)
"""The value of a field whose instant was taken out, until it is put back."""


@lru_cache(maxsize=1000)  # all tasks of a lease have the same end
def _parsed(text: str) -> Instant:
    return Instant.parse(text)


def _take_instants(values: Any, kind: type[Message], path: str, found: list[Instant]) -> None:
    for _, wire, message in _with_instants(kind) if isinstance(values, dict) else ():
        held = values.get(wire)
        if message is None and isinstance(held, str):
            try:
                found.append(_parsed(held))
            except ValueError as error:
                raise ValueError(f"{error} - at `{path}.{wire}`") from None
            values[wire] = _TAKEN
        elif message is not None and isinstance(held, list):
            for place, one in enumerate(held):
                _take_instants(one, message, f"{path}.{wire}[{place}]", found)
        elif message is not None and held is not None:
            _take_instants(held, message, f"{path}.{wire}", found)


def _put_instants(message: Message, found: Iterator[Instant]) -> None:
    """Put the parsed instants into the message, in the order in which their texts were found."""
    for name, _, inside in _with_instants(type(message)):
        held = getattr(message, name)
        if inside is None and held is not None:
            setattr(message, name, next(found))
            continue
        for one in held if isinstance(held, list) else [held]:
            if isinstance(one, Message):
                _put_instants(one, found)


def encode(message: Any) -> bytes:
    """Encode a message (or plain values) as compact JSON."""
    return _encoder.encode(message)


def to_dict(message: Any) -> Any:
    """A message as plain JSON values."""
    return msgspec.to_builtins(message, enc_hook=_to_wire)


def from_dict(values: Any, kind: type[T]) -> T:
    """Plain JSON values as a message. Errors: DecodeError."""
    try:
        return msgspec.convert(values, kind, dec_hook=_from_wire)
    except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise DecodeError(f"The values are not a valid {getattr(kind, '__name__', kind)}: {error}") from error


def shortest(number: float) -> float:
    """A number in its shortest JSON form: 500, not 500.0.

    >>> shortest(500.0), shortest(0.5)
    (500, 0.5)
    """
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return int(number) if whole else number


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; a naive datetime counts as local time, as in Python.

    A subclass (such as a pandas Timestamp) becomes a plain datetime with microseconds.
    """
    return datetime.combine(moment.date(), moment.timetz()).astimezone(UTC)
