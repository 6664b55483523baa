"""Arguments of wrong types: each verb raises a typed error that names the argument, and sends nothing."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb import arguments
from cloudtasks_nb.arguments import Checked, WrongArgument, check
from cloudtasks_nb.diagnosis.watch import Watch
from cloudtasks_nb.emulator.client import Emulator
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.paging.listing import Items
from cloudtasks_nb.plots.accessors import ClientPlots, QueuePlots
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.session import Session

CLASSES = [
    ct.Client, ct.Location, ct.Queue, ct.Task, ct.Operation, ct.Pager, ct.QueuePager, ct.TaskPager, ct.Worker,
    ct.Log, ct.Metrics, ct.Report, ct.ProjectReport, ct.TaskHistory, ct.AuditTrail, Items, Emulator, Inbox, Watch,
    QueuePlots, ClientPlots,
]  # fmt: skip
WRONG = [None, 5, 2.5, math.nan, "x", b"x", [], [5], {}, object(), True, timedelta(1)]


def verbs_of(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, verb in inspect.getmembers(owner, inspect.isfunction):
        if not name.startswith("_") and verb.__module__.startswith("cloudtasks_nb"):
            yield name, verb


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_every_public_verb_refuses_values_that_its_annotations_do_not_allow(owner: type) -> None:
    assert issubclass(owner, Checked)
    for name, verb in verbs_of(owner):
        for parameter in inspect.signature(verb).parameters.values():
            kinds = arguments._kinds(parameter.annotation)
            for value in [value for value in WRONG if kinds and not any(kind.holds(value) for kind in kinds)]:
                with pytest.raises(WrongArgument, match=rf"^{name}\(\) was called with {parameter.name}\b"):
                    verb(object(), **{parameter.name: value})


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_every_public_verb_refuses_text_that_is_not_unicode(owner: type) -> None:
    for name, verb in verbs_of(owner):
        for parameter in inspect.signature(verb).parameters.values():
            words = str(parameter.annotation)
            if "str" in words.split(" | ") and "PathLike" not in words:
                with pytest.raises(WrongArgument, match=f"{parameter.name} is not valid Unicode text"):
                    verb(object(), **{parameter.name: "half of a pair: \ud83d"})
                    raise AssertionError(f"{owner.__name__}.{name}")


HALF = "ya29.\ud83d"
CLIENT = {"client_id": "me", "redirect_uri": "http://localhost:1/"}


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        (lambda: ct.connect(access_token=HALF), "access_token"),
        (lambda: ct.connect(HALF), "project"),
        (lambda: ct.local(app_engine=HALF), "app_engine"),
        (lambda: ct.local(app_engine={"default": HALF}), "app_engine"),
        (lambda: ct.local(allow_targets=[HALF]), "allow_targets"),
        (lambda: ct.oauth.authorization_url(**CLIENT, state=HALF), "state"),
        (lambda: ct.oauth.authorization_url(**CLIENT, scopes=[HALF]), "scope"),
        (lambda: ct.oauth.exchange_code(HALF, **CLIENT), "code"),
        (lambda: ct.oauth.exchange_code("4/x", **CLIENT, code_verifier=HALF), "code_verifier"),
        (lambda: ct.oauth.refresh(HALF, client_id="me"), "refresh_token"),
        (lambda: ct.oauth.refresh("1//x", client_id="me", client_secret=HALF), "client_secret"),
        (lambda: ct.oauth.refresh(ct.oauth.Token(refresh_token="1//x", client_id=HALF)), "client_id"),
    ],
)
def test_text_that_is_not_unicode_is_refused_without_showing_it(verb: Callable[[], Any], name: str) -> None:
    with pytest.raises(
        ct.ConfigError, match=f"{name} is not valid Unicode text: its character [0-9]+ is"
    ) as refused:
        verb()
    assert "ya29" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("verb", [ct.connect, ct.local], ids=["connect", "local"])
def test_the_functions_of_the_package_do_so_too(verb: Callable[..., Any]) -> None:
    with pytest.raises(ct.ConfigError, match=rf"{verb.__name__}\(\) was called with read_only of type str"):
        verb(read_only="no")


def test_the_error_says_what_was_given_what_is_allowed_and_what_to_do() -> None:
    with pytest.raises(TypeError) as refused:  # code that catches Python's own error still works
        ct.Pager.first(object(), None)  # type: ignore[arg-type]
    assert isinstance(refused.value, ct.ConfigError) and isinstance(refused.value, ct.InvalidArgument)
    assert str(refused.value) == (
        "first() was called with count=None, but count must be an integer.\n"
        "  next: pass an integer, or omit count (it defaults to 20)"
    )


@pytest.mark.parametrize(
    ("value", "name"), [([1], "list"), ({"a": 1}, "dict"), ("https://ada:secret@example.com", "str")]
)
def test_the_error_names_the_type_as_the_caller_does(value: Any, name: str) -> None:
    with pytest.raises(WrongArgument, match=f"count of type {name}, but"):
        ct.Pager.first(object(), value)  # type: ignore[arg-type]


def test_the_error_shows_no_value_that_may_be_a_secret() -> None:
    with pytest.raises(WrongArgument) as refused:
        ct.connect(access_token=b"ya29.of-ada")  # type: ignore[arg-type]
    assert "access_token of type" in str(refused.value)
    assert "ya29" not in str(refused.value)


def test_values_of_numpy_pandas_and_pathlib_are_accepted() -> None:
    check(ct.Pager.first, {"count": np.int64(3)})
    check(ct.Queue.browse, {"every_s": np.float32(3), "read_only": np.bool_(True)})
    check(ct.Pager.to_csv, {"path": Path("x.csv"), "columns": pd.Index(["task_id"])})
    check(ct.Pager.to_csv, {"path": "x.csv", "columns": (name for name in ["task_id"])})


@pytest.mark.parametrize("value", ["no", None, 1, object()])
def test_secrets_are_not_shown_by_a_value_that_is_not_true_or_false(value: Any) -> None:
    with pytest.raises(TypeError, match=r"show_secrets\(\) takes True or False"):
        ct.show_secrets(value)


@pytest.mark.parametrize("value", ["", "x", 5, {}, object()])
def test_the_condition_of_a_binding_is_an_expression(value: Any) -> None:
    for change in (ct.Policy().grant, ct.Policy().revoke):
        with pytest.raises(ct.ConfigError, match=r"condition must be a ct\.Expr"):
            change("roles/cloudtasks.viewer", "allUsers", condition=value)


class Sent(BaseException):
    """A request would have been sent."""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> ct.Client:
    def send(*_: Any, **__: Any) -> Any:
        raise Sent

    monkeypatch.setattr(Session, "send", send)
    return ct.Client(Session("http://127.0.0.1:9", Auth()), "p", "us-central1")


Q, T = "projects/p/locations/us-central1/queues/q", "projects/p/locations/us-central1/queues/q/tasks/t"
NO_NAME = [None, 5, b"q", object(), [], ct.Task(name=T)]
NO_LIST = [None, 5, object(), True]
NO_DURATION = [True, math.nan, "x", object(), [], math.inf]
NO_INSTANT = [*NO_DURATION, None]
NO_VIEW = [None, 5, "x", [], object()]
NO_KIND = [5, "x", [], {}, object()]


# What an argument may be decides the verb itself where the type is one of this package.
@pytest.mark.parametrize(
    ("owner", "verb", "name", "values", "others"),
    [
        ("client", "queue", "name", NO_NAME, {}),
        ("client", "create_queue", "name", NO_NAME[:-1], {}),
        ("client", "create_queue", "kind", NO_KIND, {"name": "q"}),
        ("client", "task", "name", [*NO_NAME[:-1], ct.Queue(name=Q)], {}),
        ("client", "location", "location", [0, *NO_NAME[1:]], {}),
        ("client", "queues", "location", [0, *NO_NAME[1:]], {}),
        ("client", "batch", "timeout", NO_DURATION, {}),
        ("client", "report", "since", NO_INSTANT, {}),
        ("queue", "task", "task_id", [*NO_NAME[:-1], ct.Queue(name=Q)], {}),
        ("queue", "task", "view", NO_VIEW, {"task_id": "t"}),
        ("queue", "tasks", "view", NO_VIEW, {}),
        ("queue", "create_task", "schedule", NO_DURATION, {"url": "https://example.com"}),
        ("queue", "create_task", "dispatch_deadline", NO_DURATION, {"url": "https://example.com"}),
        ("queue", "create_tasks", "items", NO_LIST, {}),
        ("queue", "create_tasks", "concurrency", [0, -1, 100], {"items": []}),
        ("queue", "delete_tasks", "selection", NO_LIST, {}),
        ("queue", "delete_tasks", "rate_per_second", [0, -1, math.inf], {"selection": []}),
        ("queue", "run_tasks", "selection", NO_LIST, {}),
        ("queue", "run_tasks", "ramp", ["", "x"], {"selection": []}),
        ("queue", "copy_tasks", "to", NO_NAME, {"selection": ["t"]}),
        ("queue", "move_tasks", "to", NO_NAME, {"selection": ["t"]}),
        ("queue", "reschedule_tasks", "schedule", NO_INSTANT, {"selection": ["t"]}),
        ("queue", "batch_create", "tasks", [*NO_LIST, "x"], {}),
        ("queue", "batch_delete", "tasks", NO_LIST, {}),
        ("queue", "lease", "lease_duration", NO_DURATION, {}),
        ("queue", "worker", "lease_duration", NO_DURATION, {"handler": print}),
        ("queue", "at_risk", "within", NO_DURATION, {}),
        ("queue", "at_risk", "view", NO_VIEW, {}),
        ("queue", "metrics", "since", NO_INSTANT, {}),
        ("queue", "set_iam_policy", "policy", [None, 5, "x", object()], {}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_values_that_a_verb_reads_itself_are_refused_before_a_request(
    client: ct.Client, owner: str, verb: str, name: str, values: list[Any], others: dict[str, Any]
) -> None:
    holder: Any = (
        client
        if owner == "client"
        else client.queue("q", read=False, kind="pull" if verb in ("lease", "worker") else "http")
    )
    for value in values:
        with pytest.raises(ct.CloudTasksError) as refused:
            getattr(holder, verb)(**{name: value}, **others)
        assert refused.value.message


@pytest.mark.parametrize("given", [{"past": ""}, {"concurrency": 0}, {"ramp": "x"}, {"rate_per_second": -1}])
def test_a_restore_that_cannot_begin_creates_no_queue(client: ct.Client, given: dict[str, Any]) -> None:
    with pytest.raises(ct.ConfigError, match=next(iter(given))):
        client.restore("emails.parquet", **given)


def test_an_integer_that_no_float_can_hold_is_no_number() -> None:
    with pytest.raises(WrongArgument, match="must be a number"):
        ct.Queue.forecast(object(), rate=10**400)  # type: ignore[arg-type]
