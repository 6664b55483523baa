"""A version does not change fields that it does not have: patches without a mask, uploads, policies."""

from __future__ import annotations

import pytest

from cloudtasks_nb.emulator.server.calls.bodies import parse
from cloudtasks_nb.emulator.server.rules.queue_patch import patched
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Binding,
    Duration,
    Expr,
    HttpTarget,
    Policy,
    PullTarget,
    Queue,
    RetryConfig,
    StackdriverLoggingConfig,
    UriOverride,
)
from cloudtasks_nb.model.messages import HttpBody, SetIamPolicyRequest
from cloudtasks_nb.model.schema import schema
from cloudtasks_nb.model.versions import VERSIONS, Version

from .conftest import PARENT, QUEUE, Emulator, new_queue

ROUTING = AppEngineHttpTarget(app_engine_routing_override=AppEngineRouting(service="worker"))
TO_A_HOST = HttpTarget(uri_override=UriOverride(host="example.com"))
LASTING = {"task_ttl": Duration(days=20), "tombstone_ttl": Duration(hours=5)}
PUSH = new_queue(
    app_engine_http_target=ROUTING,
    http_target=TO_A_HOST,
    stackdriver_logging_config=StackdriverLoggingConfig(sampling_ratio=0.5),
    retry_config=RetryConfig(max_attempts=7),
    **LASTING,
)
PULL = new_queue(pull_target=PullTarget(), retry_config=RetryConfig(max_attempts=7), **LASTING)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("queue", [PUSH, PULL], ids=["push", "pull"])
def test_a_patch_without_a_mask_resets_only_what_the_version_sees(version: Version, queue: Queue) -> None:
    after = patched(queue, parse(b"{}", Queue, "queue", version), [], version)
    kept = {name for name, field in schema(Queue).items() if field.behavior(version) != "settable"}
    if version == "v2beta2" and queue is PUSH:
        kept.add("http_target")  # behind that of App Engine
    for name in kept:
        assert getattr(after, name) == getattr(queue, name), name
    assert after.kind == queue.kind
    assert after.retry_config is not None
    assert after.retry_config.max_attempts == 100
    if queue is PUSH:
        assert after.app_engine_http_target == AppEngineHttpTarget()
        assert (after.http_target is None) == (version != "v2beta2")
        assert (after.stackdriver_logging_config is None) == (version != "v2beta2")


def test_the_target_that_v2beta2_shows_can_be_set_without_a_mask() -> None:
    body = b'{"appEngineHttpTarget": {"appEngineRoutingOverride": {"service": "other"}}}'
    after = patched(PUSH, parse(body, Queue, "queue"), [])
    assert after.app_engine_http_target is not None
    assert after.app_engine_http_target.app_engine_routing_override is not None
    assert after.app_engine_http_target.app_engine_routing_override.service == "other"
    assert after.http_target == TO_A_HOST
    replaced = patched(PUSH, parse(b'{"httpTarget": {"httpMethod": "PUT"}}', Queue, "queue"), [])
    assert replaced.http_target == HttpTarget(http_method="PUT")
    assert replaced.app_engine_http_target is None


def test_a_queue_yaml_leaves_alone_what_it_has_no_word_for(emulator: Emulator) -> None:
    emulator.queue(
        app_engine_http_target=ROUTING,
        http_target=TO_A_HOST,
        stackdriver_logging_config=StackdriverLoggingConfig(sampling_ratio=0.5),
        **LASTING,
    )
    emulator("api.queue.update", body=HttpBody(data=b"queue: [{name: q, rate: 7/s}]"), app_id="p")
    after = emulator("queues.get", name=QUEUE)
    assert after["rateLimits"]["maxTasksDispatchedPerSecond"] == 7
    assert after["httpTarget"]["uriOverride"]["host"] == "example.com"
    assert after["stackdriverLoggingConfig"] == {"samplingRatio": 0.5}
    assert (after["taskTtl"], after["tombstoneTtl"]) == ("1728000s", "18000s")


def test_a_policy_with_conditions_is_not_replaced_by_who_cannot_see_them(emulator: Emulator) -> None:
    emulator.queue()
    condition = Expr(expression="request.time < timestamp('2030-01-01T00:00:00Z')")
    viewer = Binding(role="roles/cloudtasks.viewer", members=["user:ada@example.com"])
    bound = Binding(role=viewer.role, members=viewer.members, condition=condition)
    conditional = Policy(version=3, bindings=[bound])
    stored = emulator("queues.setIamPolicy", resource=QUEUE, body=SetIamPolicyRequest(policy=conditional))
    for version in (0, 1):
        without = Policy(version=version, bindings=[viewer], etag=stored["etag"])
        with pytest.raises(InvalidArgument):
            emulator("queues.setIamPolicy", resource=QUEUE, body=SetIamPolicyRequest(policy=without))
    blindly = SetIamPolicyRequest(
        policy=Policy(version=1, bindings=[viewer])
    )  # as documented: without an etag it is lost
    assert emulator("queues.setIamPolicy", resource=QUEUE, body=blindly)["bindings"][0]["role"] == viewer.role
    assert emulator("queues.list", parent=PARENT)["queues"][0]["name"] == QUEUE
