"""The pages that compare this package with Google's clients are correct."""

from __future__ import annotations

from pathlib import Path

from cloudtasks_nb.model.methods import METHODS

DOCS = Path(__file__).parents[2] / "docs"


def test_what_is_said_of_googles_clients_is_so() -> None:
    """Missing features are checked too, so that this test fails when a release adds them."""
    from google.cloud import tasks_v2, tasks_v2beta2
    from googleapiclient import discovery

    assert {"grpc", "grpc_asyncio", "rest"} <= set(type(tasks_v2.CloudTasksClient)._transport_registry)
    assert {"lease_tasks", "acknowledge_task", "upload_queue_yaml"} <= set(
        dir(tasks_v2beta2.CloudTasksClient)
    )
    assert {"batch_create_tasks", "batch_delete_tasks"} <= set(dir(tasks_v2.CloudTasksClient))
    assert not hasattr(tasks_v2.Task, "_repr_html_")
    for version in ("v2", "v2beta3", "v2beta2"):
        built = discovery.build("cloudtasks", version, static_discovery=True, developerKey="none")
        assert "batchCreate" in dir(built.projects().locations().queues().tasks())
        assert not hasattr(built, "__aenter__")
        built.close()


def test_the_methods_that_a_page_counts_are_all_there() -> None:
    stable = [method for method in METHODS.values() if "v2" in method.versions]
    page = (DOCS / "how-to/rest-api.md").read_text()
    assert f"`client.api` has the {len(METHODS)} methods of `v2beta2`" in page
    assert f"the {len(stable)} methods of these versions" in page
