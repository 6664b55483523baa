"""The method table, compared with the discovery document in Google's own client."""

from __future__ import annotations

import pytest

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.model.methods import METHODS, Method
from cloudtasks_nb.model.versions import wire
from tests.unit.model.discovery import described, document

DOCUMENT = document("v2beta2")
OFFICIAL = described(DOCUMENT)


def test_the_table_holds_exactly_the_official_methods() -> None:
    assert set(METHODS) == set(OFFICIAL)
    assert len(METHODS) == 29


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.id)
def test_verb_path_query_and_bodies_are_the_official_ones(method: Method) -> None:
    official = OFFICIAL[method.id]
    assert method.http == official["httpMethod"]
    parameters = official["parameters"]
    assert set(method.variables) == {name for name, what in parameters.items() if what["location"] == "path"}
    query = {name for name, what in parameters.items() if what["location"] == "query"}
    assert set(method.query) - {"orderBy"} == query  # orderBy: the alpha API's, since removed
    # Google's table names bodies after their messages; ours shares Empty among those without fields.
    if "request" in official:
        fields = set(DOCUMENT["schemas"][official["request"]["$ref"]].get("properties", {}))
        assert method.request is not None
        assert set(wire(method.request, "v2beta2").__struct_encode_fields__) == fields
    else:
        assert method.request is None
    answer = set(DOCUMENT["schemas"][official["response"]["$ref"]].get("properties", {}))
    assert set(wire(method.response, "v2beta2").__struct_encode_fields__) == answer


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.id)
def test_a_built_path_is_matched_by_its_own_pattern_and_by_no_other(method: Method) -> None:
    names = {
        "parent": "projects/example.com:app/locations/us-central1/queues/q",
        "queue": "projects/example.com:app/locations/us-central1/queues/q",
        "resource": "projects/example.com:app/locations/us-central1/queues/q",
        "taskId": "t",
    }
    template = method.path.partition("=")[2].partition("}")[0]
    if method.variables:
        names[method.variables[0]] = template.replace("projects/*", "projects/example.com:app").replace(
            "*", "x1"
        )
    values = {name: names[name] for name in method.variables}
    path = method.url_path("v2beta2", **values)
    below = path.removeprefix("/v2beta2/").removeprefix("/")
    matched = [
        other.id for other in METHODS.values() if other.http == method.http and other.pattern.fullmatch(below)
    ]
    assert method.id in matched
    assert len(matched) == 1
    found = method.pattern.fullmatch(below)
    assert found is not None
    assert found.groupdict() == values


def test_a_missing_name_is_said() -> None:
    with pytest.raises(ConfigError, match="parent"):
        METHODS["projects.locations.queues.list"].url_path("v2beta2")
