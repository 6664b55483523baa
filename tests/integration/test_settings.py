"""Settings at any depth against the real emulator: what was passed changes, and nothing else."""

from __future__ import annotations

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
