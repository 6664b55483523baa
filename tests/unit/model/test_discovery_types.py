"""The types of all fields that the emulator reads and writes, compared with Google's discovery document."""

from __future__ import annotations

from typing import Any

import pytest

from cloudtasks_nb.emulator.server.calls.bodies import Member, fields
from cloudtasks_nb.emulator.server.calls.queries import SYSTEM
from cloudtasks_nb.emulator.server.calls.scalars import ENUMS
from cloudtasks_nb.model import Message
from cloudtasks_nb.model.methods import METHODS, Method
from cloudtasks_nb.model.versions import wire
from tests.unit.model.test_methods import DOCUMENT, OFFICIAL

SCHEMAS = DOCUMENT["schemas"]
LABELS = {
    ("string", None): "TYPE_STRING",
    ("string", "byte"): "TYPE_BYTES",
    ("string", "int64"): "TYPE_INT64",
    ("string", "google-datetime"): "type.googleapis.com/google.protobuf.Timestamp",
    ("string", "google-duration"): "type.googleapis.com/google.protobuf.Duration",
    ("integer", "int32"): "TYPE_INT32",
    ("number", "double"): "TYPE_DOUBLE",
    ("boolean", None): "TYPE_BOOL",
}


def messages() -> dict[str, type[Message]]:
    """Every message of the document that methods use, by its official name, with our message."""
    found: dict[str, type[Message]] = {}

    def reach(name: str, kind: type[Message]) -> None:
        if name in found:
            return
        found[name] = kind
        known = fields(kind)
        for camel, official in SCHEMAS[name].get("properties", {}).items():
            reference = official.get("$ref") or official.get("items", {}).get("$ref")
            if reference is not None:
                reach(reference, known[camel].holds)

    for method in METHODS.values():
        official = OFFICIAL[method.id]
        reach(official["response"]["$ref"], method.response)
        if method.request is not None:
            reach(official["request"]["$ref"], method.request)
    return found


MESSAGES = messages()


def label(official: dict[str, Any]) -> str | None:
    return LABELS.get((official.get("type", ""), official.get("format")))


def held(field: Member, official: dict[str, Any]) -> None:
    """The type of one value in a list or a map."""
    if "$ref" in official:
        assert field.holds is MESSAGES[official["$ref"]]
    elif "enum" in official:
        names = [name for name in official["enum"] if name in ENUMS[field.name].names]
        assert names == official["enum"]
        assert list(ENUMS[field.name].names)[: len(names)] == names  # the numbers follow this order
    elif official.get("type") in ("any", "object"):
        assert field.holds is None
    else:
        assert field.holds.label == label(official)


@pytest.mark.parametrize(("name", "kind"), MESSAGES.items(), ids=list(MESSAGES))
def test_fields_have_the_official_types(name: str, kind: type[Message]) -> None:
    properties = SCHEMAS[name].get("properties", {})
    assert set(wire(kind, "v2beta2").__struct_encode_fields__) == set(properties)
    known = fields(kind)
    for camel, official in properties.items():
        field = known[camel]
        assert field.repeated is (official.get("type") == "array"), camel
        assert field.mapped is ("additionalProperties" in official), camel
        held(field, official.get("items") or official.get("additionalProperties") or official)


def test_no_message_is_left_out() -> None:
    assert set(SCHEMAS) == set(MESSAGES)


def test_system_parameters_are_the_official_ones_and_those_of_the_first_client() -> None:
    assert set(DOCUMENT["parameters"]) - {"uploadType"} <= SYSTEM  # no method supports uploads
    assert SYSTEM - set(DOCUMENT["parameters"]) == {"bearer_token", "pp"}


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.id)
def test_parameters_are_of_the_official_kinds(method: Method) -> None:
    for name, official in OFFICIAL[method.id]["parameters"].items():
        if official["location"] == "path":
            assert official["required"] is True
        elif name == "responseView":
            assert official["enum"] == list(ENUMS["response_view"].names)
        elif name == "pageSize":
            assert (official["type"], official["format"]) == ("integer", "int32")
        else:
            assert official["type"] == "string"
        assert official.get("repeated", False) is (name == "extraLocationTypes")
