"""Connection lines for other languages: those for Python run here; the documentation shows all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.client.languages import KNOWN, ConnectionLines, Language

PAGE = Path(__file__).parents[2] / "docs/how-to/from-your-language.md"
PARENT = "projects/local/locations/us-central1"


@pytest.fixture
def client() -> Iterator[ct.Client]:
    with ct.local(dispatch=False) as client:
        client.create_queue("emails")
        yield client


def named(client: ct.Client, language: Language) -> Any:
    """The value of `client` after the lines ran."""
    space: dict[str, Any] = {}
    exec(str(client.emulator.connect_from(language)), space)  # noqa: S102 - our own lines
    return space["client"]


def test_google_s_client_for_python(client: ct.Client) -> None:
    official = named(client, "python")
    assert [queue.name for queue in official.list_queues(parent=PARENT)] == [f"{PARENT}/queues/emails"]
    official.transport.close()


def test_google_s_client_for_asyncio(client: ct.Client) -> None:
    async def names() -> list[str]:
        official = named(client, "python-asyncio")
        found = [queue.name async for queue in await official.list_queues(parent=PARENT)]
        await official.transport.close()
        return found

    assert asyncio.run(names()) == [f"{PARENT}/queues/emails"]


def test_each_names_this_emulator_or_says_what_there_is(client: ct.Client) -> None:
    port = client.endpoint.rpartition(":")[2]
    assert list(KNOWN) == list(get_args(Language))
    for language in KNOWN:
        lines = client.emulator.connect_from(language)
        assert port in lines.code
        assert "{host}" not in lines.code
        assert "127.0.0.1" in repr(lines)
        shown = lines._repr_mimebundle_()  # type: ignore[attr-defined]
        assert (lines.tried or "not tested") in shown["text/plain"]
    with pytest.raises(ct.InvalidArgument, match="language='cobol' is not supported") as refused:
        client.emulator.connect_from("cobol")  # type: ignore[arg-type]
    assert "'node'" in str(refused.value)
    shown = client.emulator._repr_mimebundle_()  # type: ignore[attr-defined]
    assert "Node.js:" in shown["text/html"]


def test_the_page_shows_them() -> None:
    page = PAGE.read_text()
    for language in KNOWN:
        lines = ConnectionLines(language, "http://localhost:8123", "my-project")
        section = page.partition(f"\n## {lines.title}\n")[2].partition("\n## ")[0]
        assert f"\n{lines.code}\n```" in section, language
        assert (f"Tested with {lines.tried}." if lines.tried else "**Not tested.**") in section, language
