"""Settings at any depth against the real emulator: only the passed settings change."""

from __future__ import annotations

from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model import Header, HeaderOverride
from tests.integration.filling import new_id


def test_a_nested_setting_changes_alone(client: ct.Client) -> None:
    queue = client.create_queue(
        new_id(),
        http_target={
            "uri_override": {"host": "a.example.com", "path_override": {"path": "/in"}},
            "header_overrides": {"X-Team": "mail"},
            "oidc_token": {"service_account_email": "a@p.iam.gserviceaccount.com", "audience": "x"},
        },
    )
    queue.update(
        http_target={
            "uri_override": {"host": "b.example.com", "port": 8443},
            "oidc_token": {"service_account_email": "b@p.iam.gserviceaccount.com"},
        }
    )
    target = queue.refresh().http_target
    assert target is not None
    assert target.uri_override is not None
    assert target.uri_override.path_override is not None
    assert target.oidc_token is not None
    assert (target.uri_override.host, target.uri_override.port) == ("b.example.com", 8443)
    assert target.uri_override.path_override.path == "/in"
    assert target.oidc_token.service_account_email == "b@p.iam.gserviceaccount.com"
    assert target.oidc_token.audience == "x"
    [override] = target.header_overrides
    assert override == HeaderOverride(header=Header(key="X-Team", value="mail"))
    queue.update(http_target={"header_overrides": None, "uri_override": {"port": None}})
    target = queue.refresh().http_target
    assert target is not None
    assert target.uri_override is not None
    assert (target.header_overrides, target.uri_override.port) == ([], None)
    assert target.uri_override.host == "b.example.com"


def test_app_engine_settings_make_an_app_engine_queue(client: ct.Client) -> None:
    queue = client.create_queue(
        new_id(), app_engine_http_target={"app_engine_routing_override": {"service": "worker"}}
    )
    assert queue.kind == "app_engine"
    queue.update(app_engine_http_target={"app_engine_routing_override": {"version": "v2"}})
    routing = queue.refresh().app_engine_http_target
    assert routing is not None
    assert routing.app_engine_routing_override is not None
    assert (routing.app_engine_routing_override.service, routing.app_engine_routing_override.version) == (
        "",
        "v2",
    )


def test_a_queue_has_one_kind_of_target(client: ct.Client) -> None:
    with pytest.raises(ct.ConfigError, match="cannot be set on a queue of kind 'pull'"):
        client.create_queue(new_id(), kind="pull", http_target={"http_method": "PUT"})


@pytest.mark.parametrize("version", ["v2beta2", "v2beta3", "v2"])
def test_none_sets_a_whole_message_to_its_default_and_leaves_the_others(version: str, emulator: str) -> None:
    with ct.connect(endpoint=emulator, api_version=version) as client:  # type: ignore[arg-type]
        queue = client.create_queue(
            new_id(),
            rate_limits={"max_concurrent_tasks": 3},
            retry_config={"max_attempts": 3},
            http_target={"uri_override": {"host": "a.example.com"}, "header_overrides": {"X-Team": "mail"}},
        )
        assert queue.rate_limits and queue.retry_config
        queue.update(http_target=None, retry_config=None)
        assert (queue.rate_limits.max_concurrent_tasks, queue.http_target) == (3, None)
        assert queue.refresh().retry_config.max_attempts == 100  # type: ignore[union-attr]
        assert queue.update(rate_limits=None).rate_limits.max_concurrent_tasks == 1000  # type: ignore[union-attr]
        with pytest.raises(ct.ConfigError, match="without any change"):
            queue.update()


def test_the_settings_of_a_task_may_be_dicts_as_those_of_a_queue(queue: ct.Queue) -> None:
    url = "https://example.com/send"
    given: dict[str, Any] = {
        "retry_config": {"max_attempts": 5, "min_backoff": "5s"},
        "oidc_token": {"service_account_email": "a@local.iam.gserviceaccount.com"},
    }
    made = queue.create_task({}, url=url, schedule=3600, **given)
    rows = [{"payload": {}, "url": url, "schedule": 3600, **given}]
    assert queue.create_tasks(rows, progress=False).done == 1
    queue.batch_create(rows).wait()
    queue.create_tasks([{}], url=url, schedule=3600, progress=False, **given)
    tasks = [made.refresh(), *queue.tasks(view="FULL")]
    assert len(tasks) == 5
    for task in tasks:
        assert task.retry_config == ct.RetryConfig(max_attempts=5, min_backoff=5)
        assert task.http_request is not None and task.http_request.oidc_token is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retry_config": {"min_backof": 5}}, "did you mean 'min_backoff'"),
        ({"retry_config": {"minBackoff": 5}}, "did you mean 'min_backoff'"),
        ({"retry_config": {"min_backoff": float("nan")}}, "retry_config.min_backoff: nan is not a duration"),
        ({"retry_config": {"max_attempts": 0}}, "1 means no retries"),
        ({"retry_config": 5}, "retry_config is an int, not a RetryConfig or a dict"),
        ({"oidc_token": {"serviceAccount": "a@b"}}, "did you mean 'service_account_email'"),
        ({"oauth_token": "a@b"}, "oauth_token is a str"),
    ],
)
def test_a_typo_in_the_settings_of_a_task_is_found_before_anything_is_sent(
    queue: ct.Queue, options: dict[str, Any], words: str, calls: list[str]
) -> None:
    url = "https://example.com/send"
    rows = [{"payload": {}, "url": url}, {"payload": {}, "url": url, **options}]
    calls.clear()
    for create in (
        lambda: queue.create_task({}, url=url, **options),
        lambda: queue.create_tasks(rows, progress=False),
        lambda: queue.create_tasks([{}], url=url, progress=False, **options),
        lambda: queue.batch_create(rows),
    ):
        with pytest.raises(ct.CloudTasksError) as refused:
            create()
        assert words in str(refused.value)
    assert calls == []
