"""How proto JSON carries values: durations, int64 as strings, timestamps, base64.

Timestamps are RFC 3339 and bytes base64, which msgspec reads and writes by itself; durations ("3.5s") and
int64 ("12") have types of their own here. Source: SPEC section 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self, TypeVar, cast

import msgspec

from ..discreet import Discreet
from ..errors import DecodeError, InvalidArgument
from ..shown import Shown
from .durations import EXAMPLES, DurationLike, span_of

T = TypeVar("T")

# numpy's kinds whose tolist() gives values of Python; instants would become numbers.
_AS_LISTED = frozenset("biufUO")
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s")


class Duration(timedelta):
    """A timedelta that JSON writes as "3.5s"; `of` makes one from what a person writes."""

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
        """From the wire. Errors: ValueError."""
        match = _DURATION.fullmatch(text)
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
            raise ValueError(f"{text!r} is too long a duration") from None

    def __str__(self) -> str:
        total_us = (self.days * 86_400 + self.seconds) * 1_000_000 + self.microseconds
        seconds, fraction_us = divmod(abs(total_us), 1_000_000)
        fraction = f".{fraction_us:06}".removesuffix("000") if fraction_us else ""  # 0, 3 or 6 digits
        return f"{'-' if total_us < 0 else ''}{seconds}{fraction}s"


class Int64(int):
    """A 64-bit integer, which proto JSON writes as a string."""


class Message(Discreet, msgspec.Struct, Shown, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """A message of the API: camelCase on the wire, snake_case in Python, absent fields at their default."""


def _from_wire(kind: type, value: Any) -> Any:
    if kind is Duration:
        return Duration.parse(value)
    if kind is Int64:
        return Int64(value)
    raise NotImplementedError(kind)  # how msgspec asks to hear of a type that it cannot read


def _to_wire(value: Any) -> Any:
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Int64):
        return str(int(value))
    return _plain(value)


def _plain(value: Any) -> Any:
    """What notebooks hold in the place of Python's own values: kinds of text, pandas' instants, numpy's numbers."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return None if value != value else datetime.combine(value.date(), value.timetz())  # NaT is not itself
    if getattr(getattr(value, "dtype", None), "kind", "") in _AS_LISTED:
        return value.tolist()
    raise NotImplementedError(type(value))


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_from_wire)


_encoder = msgspec.json.Encoder(enc_hook=_to_wire)


def decode(raw: bytes, kind: type[T]) -> T:
    """JSON bytes as a message. Errors: DecodeError when they are not JSON or do not fit."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(raw))
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise DecodeError(
            f"The answer is not a {getattr(kind, '__name__', str(kind)).lstrip('_')}: {error}",
            hint="check that the endpoint is a Cloud Tasks API and that the api_version is right",
        ) from error


def encode(message: Any) -> bytes:
    """A message (or plain values) as compact JSON bytes."""
    return _encoder.encode(message)


def to_dict(message: Any) -> Any:
    """A message as the plain values that its JSON holds."""
    return msgspec.to_builtins(message, enc_hook=_to_wire)


def from_dict(values: Any, kind: type[T]) -> T:
    """Plain JSON values as a message. Errors: DecodeError."""
    try:
        return msgspec.convert(values, kind, dec_hook=_from_wire)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise DecodeError(f"These values are not a {getattr(kind, '__name__', kind)}: {error}") from error


def shortest(number: float) -> float:
    """A number as proto JSON writes it: 500, not 500.0.

    >>> shortest(500.0), shortest(0.5)
    (500, 0.5)
    """
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return int(number) if whole else number


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; a naive datetime is taken as local time, as Python does.

    A subclass (a pandas Timestamp out of a table) becomes a plain datetime, to the microsecond.
    """
    return datetime.combine(moment.date(), moment.timetz()).astimezone(UTC)


def timestamp(moment: datetime) -> str:
    """An instant as the API writes it, to the microsecond."""
    return utc(moment).isoformat().replace("+00:00", "Z")
