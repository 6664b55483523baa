"""Cards of injected faults: the settings, and the calls that they affected."""

from __future__ import annotations

from datetime import datetime

from ..model.emulated import FaultCounts, FaultReport, Faults
from .dispatch import looks
from .shapes import Card, Cell, Value, badge, code
from .values import counted, duration

_WORDS = {
    "exhausted": "rejected with 429",
    "unavailable": "rejected with 503",
    "cut_before": "cut off before they took effect",
    "cut_after": "cut off after they took effect",
}


@looks(FaultReport)
def _report(report: FaultReport, now: datetime) -> Card:
    facts = _facts(report.faults)
    if report.faults is not None and report.counts is not None and _shares(report.faults):
        facts["so far"] = _met(report.counts)
    return Card("Faults", badge=_badge(_set(report.faults)), facts=facts)


@looks(Faults)
def _faults(faults: Faults, now: datetime) -> Card:
    return Card("Faults", badge=_badge(_set(faults)), facts=_facts(faults))


def _badge(set_now: list[str]) -> Cell:
    return badge("set", "warn") if set_now else badge("none", "ok")


def _facts(faults: Faults | None) -> dict[str, Value]:
    set_now = _set(faults)
    if faults is None or not set_now:
        return {"faults": "none: every call runs normally"}
    return {
        "faults": ", ".join(set_now),
        "calls": ([code(pattern) for pattern in faults.methods] or "all") if _of_calls(faults) else None,
        "targets": ([code(pattern) for pattern in faults.targets] or "all")
        if faults.target_latency
        else None,
        "seed": faults.seed,
    }


def _set(faults: Faults | None) -> list[str]:
    """Each fault that is set, in words: "20 % rejected with 429"."""
    if faults is None:
        return []
    return _of_calls(faults) + _of_deliveries(faults)


def _of_calls(faults: Faults) -> list[str]:
    words = [f"{100 * share:.6g} % {what}" for what, share in _shares(faults).items()]
    return [*words, f"each delayed by {duration(faults.latency)}"] if faults.latency else words


def _of_deliveries(faults: Faults) -> list[str]:
    words = [f"targets respond {duration(faults.target_latency)} later"] if faults.target_latency else []
    rate = faults.throttled_rate
    return (
        [*words, f"queues send at most {counted(rate, 'task', ',.6g')} per second"]
        if rate is not None
        else words
    )


def _shares(faults: Faults) -> dict[str, float]:
    return {words: share for name, words in _WORDS.items() if (share := getattr(faults, name))}


def _met(counts: FaultCounts) -> str:
    met = {words: count for name, words in _WORDS.items() if (count := getattr(counts, name))}
    words = [f"{count:,} {what}" for what, count in met.items()] or ["none of them affected"]
    total = counts.none + sum(met.values())
    return f"{counted(total, 'call')}: {', '.join(words)}" if total else "no calls yet"
