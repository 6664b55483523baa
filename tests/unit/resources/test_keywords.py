"""Keywords of public verbs: the signature, its struct and the docstring agree."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Parameter, getdoc, signature
from typing import Any

import msgspec
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.bulk.verbs import BulkOptions
from cloudtasks_nb.emulator import client as emulator
from cloudtasks_nb.emulator.client import Emulator
from cloudtasks_nb.model.emulated import Faults
from cloudtasks_nb.model.schema import schema
from cloudtasks_nb.resources.new_task import TaskOptions
from cloudtasks_nb.worker import WorkerOptions

Verb = Callable[..., Any]
Options = type[msgspec.Struct]

# The parameters of each verb beyond the fields of its struct, and the fields that it does not take.
VERBS: list[tuple[Verb, list[Options], set[str], set[str]]] = [
    (ct.Queue.create_task, [TaskOptions], {"payload"}, set()),
    (ct.Queue.create_tasks, [TaskOptions, BulkOptions], {"items"}, {"task_id"}),  # an id belongs to one task
    (ct.Queue.delete_tasks, [BulkOptions], {"selection"}, set()),
    (ct.Queue.run_tasks, [BulkOptions], {"selection"}, set()),
    (ct.Queue.acknowledge_tasks, [BulkOptions], {"leased"}, set()),
    (ct.Queue.copy_tasks, [BulkOptions], {"selection", "to", "new_ids"}, set()),
    (ct.Queue.move_tasks, [BulkOptions], {"selection", "to", "new_ids"}, set()),
    (ct.Queue.restore, [BulkOptions], {"path", "past", "renew"}, set()),
    (ct.Client.restore, [BulkOptions], {"path", "queue", "past"}, set()),
    (ct.Queue.worker, [WorkerOptions], {"handler"}, set()),
    (Emulator.faults, [Faults], set(), set()),
]
SIGNING_IN = [ct.oauth.authorization_url, ct.oauth.sign_in]


def keywords(verb: Verb) -> dict[str, Parameter]:
    return {name: given for name, given in signature(verb).parameters.items() if name != "self"}


@pytest.mark.parametrize(
    ("verb", "structs", "more", "less"), VERBS, ids=lambda one: getattr(one, "__qualname__", "")
)
def test_a_verb_takes_the_fields_of_its_options_with_their_types_and_defaults(
    verb: Verb, structs: list[Options], more: set[str], less: set[str]
) -> None:
    fields = {field.name: field for struct in structs for field in msgspec.structs.fields(struct)}
    types = {name: hint for struct in structs for name, hint in struct.__annotations__.items()}
    given = keywords(verb)
    assert given.keys() == fields.keys() - less | more
    if structs != [Faults]:  # a message: its type is narrower than the accepted arguments
        both = given.keys() & fields.keys()
        assert {name: given[name].default for name in both} == {name: fields[name].default for name in both}
        assert {name: given[name].annotation for name in both} == {name: types[name] for name in both}


@pytest.mark.parametrize(
    "verb",
    [*(verb for verb, *_ in VERBS), ct.Client.create_queue, *SIGNING_IN],
    ids=lambda verb: verb.__qualname__,
)
def test_the_docstring_speaks_of_every_keyword(verb: Verb) -> None:
    said = getdoc(verb) or ""
    assert [name for name in keywords(verb) if f"`{name}`" not in said] == []


def test_create_queue_takes_every_setting_of_a_queue_and_update_those_that_can_be_changed() -> None:
    def settings(*behaviors: str) -> set[str]:
        """The settable fields of a queue, except the name and the pull target, which `name` and `kind` set."""
        found = {name for name, field in schema(ct.Queue).items() if field.behavior("v2beta3") in behaviors}
        return found - {"name", "pull_target"}

    assert {"task_ttl", "tombstone_ttl"} <= settings("create-only")
    assert keywords(ct.Client.create_queue).keys() - {"name", "kind"} == settings("settable", "create-only")
    assert keywords(ct.Queue.update).keys() == settings("settable")


def public() -> dict[str, Verb]:
    """Every public function and method, by its public name."""
    found: dict[str, Verb] = {}
    for name, value in [*((name, getattr(ct, name)) for name in ct.__all__), *vars(emulator).items()]:
        if inspect.isfunction(value):
            found[name] = value
        elif inspect.isclass(value) and not issubclass(value, Exception):
            methods = inspect.getmembers(value, inspect.isfunction)
            found |= {f"{name}.{method}": verb for method, verb in methods if not method.startswith("_")}
    found |= {f"oauth.{verb.__name__}": verb for verb in SIGNING_IN}
    return {name: verb for name, verb in found.items() if verb.__module__.startswith("cloudtasks_nb")}


def test_no_public_verb_hides_its_keywords() -> None:
    """With one exception: a batch passes arguments to the added verb, which checks them."""
    verbs = public()
    assert len(verbs) > 100
    hiding = {
        name
        for name, verb in verbs.items()
        if any(given.kind is Parameter.VAR_KEYWORD for given in signature(verb).parameters.values())
    }
    assert hiding == {"Batch.add"}


@pytest.mark.parametrize(
    ("verb", "keyword", "words"),
    [
        (ct.Client.create_queue, "pull_target", 'kind="pull" makes a pull queue'),
        (ct.Client.create_queue, "type", 'kind="pull" makes a pull queue'),
        (ct.Client.create_queue, "rate_limit", "did you mean 'rate_limits'"),
        (ct.Client.create_queue, "max_attempts", 'retry_config={"max_attempts": ...}'),
        (ct.Location.create_queue, "pull_target", 'kind="pull"'),
        (ct.Queue.update, "max_concurrent_tasks", 'rate_limits={"max_concurrent_tasks": ...}'),
        (ct.Queue.update, "pull_target", "the kind of a queue cannot be changed later"),
        (ct.Queue.update, "state", "queue.pause()"),
        (ct.Queue.update, "retryConfig", "did you mean 'retry_config'"),
        (ct.Queue.create_task, "dispatch_deadlin", "did you mean 'dispatch_deadline'"),
        (ct.Queue.create_task, "body", "did you mean 'payload'"),
        (ct.Queue.create_task, "schedule_time", "did you mean 'schedule'"),
    ],
)
def test_an_unknown_keyword_is_answered_with_the_one_that_was_meant(
    verb: Verb, keyword: str, words: str
) -> None:
    with pytest.raises(ct.ConfigError, match=rf"{verb.__name__}\(\) has no keyword '{keyword}'") as refused:
        verb(object(), **{keyword: {}})
    assert words in str(refused.value)
    assert isinstance(refused.value, TypeError)  # as Python itself raises


def test_the_default_of_a_keyword_that_may_be_none_is_said_in_the_signature() -> None:
    assert "http_target: 'HttpTarget | Mapping[str, Any] | Unchanged | None' = UNCHANGED" in str(
        signature(ct.Queue.update)
    )
