"""Reads the recordings of aertje/cloud-tasks-emulator, and matches them to our calls.

Source: test/conformance/golden/errors.json and happypath.json there. They contain responses under the names of cases,
but no requests: the requests are those of our case of the same name.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import json_format, text_format
from google.rpc import error_details_pb2
from msgspec.structs import replace

from .recording import Answer, Case, Json, Recording, Unusable

_OURS = {"{queue_path}": "{queue}", "{parent}": "{location}", "{mismatch_parent}": "{location}-other"}
_PLACEHOLDER = re.compile(r"\{\w+\}")
_STAGES = ("createFull", "getBasic", "getFull")
_TARGETS = {"http": "httpRequest", "appengine": "appEngineHttpRequest"}


def is_published(found: Any) -> bool:
    """Whether the data has that form: a list of named entries."""
    return isinstance(found, list) and all(isinstance(entry, dict) and "name" in entry for entry in found)


def with_answers_of(entries: list[Json], ours: Recording) -> Recording:
    """Our calls with their recorded responses. Errors: Unusable."""
    known = {case.name: case for case in ours.cases}
    try:
        cases = [_answered(known[entry["name"]], entry) for entry in entries if entry["name"] in known]
    except (KeyError, TypeError, text_format.ParseError) as error:
        raise Unusable(
            f"The file does not have the form of aertje's errors.json or happypath.json: {error!r}."
        ) from error
    left_out = [entry["name"] for entry in entries if entry["name"] not in known]
    source = "aertje/cloud-tasks-emulator"
    return Recording(version="v2", recorded="", source=source, cases=cases, left_out=left_out)


def _answered(case: Case, entry: Json) -> Case:
    answers = _stages(entry) if _STAGES[0] in entry else [_refusal(entry)]
    first = len(case.calls) - len(answers)
    prepared = [replace(call, answer=None) for call in case.calls[:first]]
    calls = zip(case.calls[first:], answers, strict=True)
    return Case(name=case.name, calls=[*prepared, *(replace(call, answer=one) for call, one in calls)])


def _refusal(entry: Json) -> Answer:
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", entry["code"]).upper()
    message = _PLACEHOLDER.sub(lambda match: _OURS.get(match[0], match[0]), entry["template"])
    return Answer(
        code=code, message=message, details=[_detail(one) for one in entry.get("details", [])], fields=[]
    )


def _detail(written: Json) -> Json:
    """{"type": "*errdetails.Help", "template": prototext} as proto JSON."""
    name = written["type"].rpartition(".")[2]
    message = text_format.Parse(written["template"], getattr(error_details_pb2, name)())
    return {
        "@type": f"type.googleapis.com/google.rpc.{name}",
        **json_format.MessageToDict(message),
    }


def _stages(entry: Json) -> list[Answer]:
    target = _TARGETS[entry["requestType"]]
    fields = [f"{target}.headers", f"{target}.body"]
    return [Answer(response={target: entry[stage]}, fields=fields) for stage in _STAGES]
