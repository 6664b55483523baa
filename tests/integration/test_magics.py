"""The magics in a real IPython shell, against the emulator: effects, printed lines, clients, completion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import cloudtasks_nb as ct
from tests.integration.filling import new_id

URL = "https://example.com/send"


class Notebook:
    """An IPython shell that runs cells one by one."""

    def __init__(self, shell: InteractiveShell, captured: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self._captured = captured

    def run(self, cell: str) -> tuple[Any, str]:
        """Run a cell; returns its value and its output. Errors: those of the cell."""
        self._captured.readouterr()
        done = self.shell.run_cell(cell, store_history=True)
        done.raise_error()
        return done.result, self._captured.readouterr().out

    def printed(self) -> str:
        """The output since the last call."""
        return self._captured.readouterr().out

    def complete(self, line: str) -> list[str]:
        """The completions of the last word."""
        with provisionalcompleter():
            return [found.text for found in self.shell.Completer.completions(line, len(line))]


@pytest.fixture
def notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell(config=config, ipython_dir=str(tmp_path))
    shell.run_line_magic("load_ext", "cloudtasks_nb")
    yield Notebook(shell, capsys)


@pytest.fixture
def filled(notebook: Notebook, client: ct.Client, queue: ct.Queue) -> ct.Queue:
    notebook.shell.user_ns["client"] = client
    for number in range(3):
        queue.create_task({"n": number}, url=URL, schedule=3600)
    return queue


def printed_line(printed: str) -> str:
    return printed.splitlines()[0]


def test_the_client_is_shown(notebook: Notebook, filled: ct.Queue, client: ct.Client) -> None:
    result, printed = notebook.run("%ct")
    assert result is client
    assert printed_line(printed) == "client"


def test_queues_and_tasks_are_listed(notebook: Notebook, filled: ct.Queue) -> None:
    queues, printed = notebook.run("%ct queues --location us-central1")
    assert filled.id in [queue.id for queue in queues]
    assert printed_line(printed) == "client.queues('us-central1')"
    tasks, printed = notebook.run(f"%ct tasks {filled.id}")
    assert len(list(tasks)) == 3
    assert printed_line(printed) == f"client.queue('{filled.id}').tasks()"
    some, printed = notebook.run(f"%ct tasks {filled.id} --full --limit 2")
    assert [task.view for task in some] == ["FULL", "FULL"]
    assert printed_line(printed) == f"client.queue('{filled.id}').tasks(view='FULL').first(2)"


def test_what_is_printed_is_python_that_does_the_same(notebook: Notebook, filled: ct.Queue) -> None:
    for line in ("queues", f"tasks {filled.id} --limit 1", f"pause {filled.id}", f"resume {filled.id}"):
        result, printed = notebook.run(f"%ct {line}")
        again, _ = notebook.run(printed_line(printed))
        assert type(again) is type(result)
        assert (
            [item.name for item in again] == [item.name for item in result]
            if hasattr(result, "__iter__")
            else (
                again.name,
                again.state,
            )
            == (result.name, result.state)
        )


def test_a_listing_becomes_a_dataframe(notebook: Notebook, filled: ct.Queue) -> None:
    result, printed = notebook.run(f"%ct tasks {filled.id} --limit 2 --df waiting")
    assert result is None
    assert len(notebook.shell.user_ns["waiting"]) == 2
    assert printed.splitlines() == [
        f"waiting = client.queue('{filled.id}').tasks().to_dataframe(limit=2)",
        "# waiting: 2 rows",
    ]
    notebook.run("%ct queues --df queues")
    assert filled.name in set(notebook.shell.user_ns["queues"]["name"])


def test_queues_are_paused_and_resumed(notebook: Notebook, filled: ct.Queue) -> None:
    paused, printed = notebook.run(f"%ct pause {filled.id}")
    assert (paused.state, filled.refresh().state) == ("PAUSED", "PAUSED")
    assert printed_line(printed) == f"client.queue('{filled.id}').pause()"
    assert notebook.run(f"%ct resume {filled.id}")[0].state == "RUNNING"


def test_why_a_queue_or_a_task_is_stuck(notebook: Notebook, filled: ct.Queue) -> None:
    filled.pause()
    diagnosis, printed = notebook.run(f"%ct why {filled.id}")
    assert diagnosis[0].rule == "paused_with_backlog"
    assert printed_line(printed) == f"client.queue('{filled.id}', read=False).diagnose()"
    task = filled.tasks().first(1)[0].id
    explanation, printed = notebook.run(f"%ct why {filled.id} --task {task}")
    assert explanation.cause == "paused_with_backlog"
    assert printed_line(printed).endswith(f".task('{task}', read=False).explain()")
    assert notebook.run(f"%ct why {filled.id} --df found")[0] is None
    assert "paused_with_backlog" in set(notebook.shell.user_ns["found"]["rule"])


def test_a_cell_becomes_a_task(notebook: Notebook, client: ct.Client, filled: ct.Queue) -> None:
    task, printed = notebook.run(
        f'%%ct_task {filled.id} --url {URL} --in 10m --id t1 --header "X-Shop: 7"\n{{"to": "{{ada}}"}}\n'
    )
    assert task.refresh().json() == {"to": "{ada}"}
    assert (task.url, task.id, task.headers["X-Shop"]) == (URL, "t1", "7")
    assert 0 < (task.schedule_time - task.create_time).total_seconds() <= 601
    assert printed_line(printed) == (
        f"client.queue('{filled.id}').create_task('{{\"to\": \"{{ada}}\"}}', url='{URL}', "
        "headers={'X-Shop': '7', 'Content-Type': 'application/json'}, schedule='10m', task_id='t1')"
    )


@pytest.mark.parametrize(
    ("cell", "is_json"),
    [
        ('{"a": 1, "a": 2}', True),
        ('"quoted"', True),
        ("12345678901234567890123", True),
        ("1.10", True),
        ('{"é":\n   1e2}', True),
        ("NaN", False),
        ("{'a': 1}", False),
        ("  two spaces before, and one after ", False),
    ],
)
def test_a_cell_is_sent_as_it_stands(
    notebook: Notebook, client: ct.Client, filled: ct.Queue, cell: str, is_json: bool
) -> None:
    line = f"%%ct_task {filled.id} --url {URL} --in 1h"
    task, printed = notebook.run(f"{line}\n{cell}")
    assert task.refresh().text() == cell
    assert (task.headers.get("Content-Type") == "application/json") == is_json
    again, _ = notebook.run(printed_line(printed))
    assert (again.refresh().payload, again.headers) == (task.payload, task.headers)
    typed, _ = notebook.run(f'{line} --header "content-type: text/x"\n{cell}')
    assert {value for name, value in typed.headers.items() if name.lower() == "content-type"} == {"text/x"}
    pull = client.create_queue(new_id(), kind="pull")
    assert notebook.run(f"%%ct_task {pull.id}\n{cell}")[0].refresh().text() == cell


def test_help_needs_no_client(notebook: Notebook, calls: list[str]) -> None:
    _, printed = notebook.run("%ct help")
    for line in (
        "%ct tasks QUEUE [--full] [--limit N] [--df NAME]",
        "%ct help",
        "%%ct_task QUEUE [--url URL]",
    ):
        assert line in printed
    assert calls == []


@pytest.mark.parametrize("name", ["client", "emails", "np", "list", "print", "In", "get_ipython", "exit"])
def test_a_dataframe_overwrites_nothing_that_one_would_miss(
    notebook: Notebook, client: ct.Client, filled: ct.Queue, name: str
) -> None:
    notebook.run("import json as np")
    notebook.shell.user_ns["emails"] = filled
    held = dict(notebook.shell.user_ns)
    for line in ("%ct queues", f"%ct tasks {filled.id}"):
        with pytest.raises(UsageError, match=f"--df {name}: .*another"):
            notebook.run(f"{line} --df {name}")
    assert notebook.shell.user_ns.get(name) is held.get(name)
    for _ in range(2):
        notebook.run(f"%ct tasks {filled.id} --df waiting")  # its own frame may be read again


def test_text_stays_text_and_nothing_stays_nothing(notebook: Notebook, filled: ct.Queue) -> None:
    task, _ = notebook.run(f"%%ct_task {filled.id} --url {URL} --in 1h\nDear Ada,\nhello")
    assert task.refresh().text() == "Dear Ada,\nhello"
    empty, printed = notebook.run(f"%%ct_task {filled.id} --url {URL} --in 1h\n\n")
    assert empty.refresh().payload == b""
    assert f"create_task(url='{URL}', schedule='1h')" in printed


def test_variables_are_put_into_the_first_line(notebook: Notebook, filled: ct.Queue) -> None:
    notebook.shell.user_ns |= {"which": filled.id, "address": URL}
    task, _ = notebook.run("%%ct_task {which} --url $address --in 1h\nhello")
    assert (task.queue_id, task.url) == (filled.id, URL)


def test_pull_tasks_have_tags(notebook: Notebook, client: ct.Client) -> None:
    notebook.shell.user_ns["client"] = client
    from tests.integration.filling import new_id

    pull = client.create_queue(new_id(), kind="pull")
    task, _ = notebook.run(f"%%ct_task {pull.id} --tag de\nhello")
    assert task.tag == "de"


def test_secrets_are_not_printed(notebook: Notebook, filled: ct.Queue) -> None:
    line = f'%%ct_task {filled.id} --url {URL}?token=s3cr3t --header "Authorization: s3cr3t" --in 1h'
    cell = f'{line}\n{{"password": "s3cr3t"}}'
    task, printed = notebook.run(cell)
    assert "s3cr3t" not in printed
    assert task.refresh().json() == {"password": "s3cr3t"}


def test_names_of_queues_are_completed_without_a_request(
    notebook: Notebook, client: ct.Client, filled: ct.Queue, calls: list[str]
) -> None:
    assert filled.id not in notebook.complete(f"%ct tasks {filled.id[:4]}")
    notebook.run("%ct queues")
    seen = len(calls)
    for line in ("%ct tasks ", "%ct pause ", "%ct resume ", "%%ct_task "):
        assert filled.id in notebook.complete(line + filled.id[:4]), line
    assert "pause" in notebook.complete("%ct pa")
    assert "--limit" in notebook.complete(f"%ct tasks {filled.id} --l")
    assert "--url" in notebook.complete(f"%%ct_task {filled.id} --u")
    assert "--location" in notebook.complete("%ct queues --lo")
    assert len(calls) == seen


def test_what_an_object_has_is_completed_without_a_request(
    notebook: Notebook, client: ct.Client, filled: ct.Queue, calls: list[str]
) -> None:
    work = client.create_queue(new_id(), kind="pull")
    work.create_task("hello")
    leased = work.lease(1)
    pager = filled.tasks()
    with client.batch() as batch:
        batch.add(filled.refresh)
    found = {
        ("client", "create_queue"): client,
        ("queue", "kind"): filled,
        ("task", "schedule_time"): filled.tasks().first(1)[0],
        ("leased", "acknowledge"): leased[0],
        ("pager", "to_dataframe"): pager,
        ("page", "next_page_token"): pager.first_page,
        ("location", "create_queue"): client.location("us-central1"),
        ("rates", "max_burst_size"): filled.rate_limits,
        ("retries", "max_attempts"): filled.retry_config,
        ("policy", "grant"): filled.iam_policy(),
        ("result", "to_dataframe"): filled.delete_tasks([], progress=False),
        ("worker", "run"): work.worker(print),
        ("batch", "results"): batch,
        ("api", "projects"): client.api,
        ("emulator", "advance"): client.emulator,
        ("pictures", "schedule"): filled.plot,
        ("panel", "read_only"): filled.panel(read_only=True),
    }
    seen = len(calls)
    for (name, attribute), held in found.items():
        notebook.shell.user_ns[name] = held
        assert attribute in notebook.complete(f"{name}.{attribute[:2]}"), name
    assert len(calls) == seen


KEYWORDS = {
    "queue.create_task(dispa": "dispatch_deadline=",
    "queue.create_task({}, url='x', oidc": "oidc_token=",
    "queue.create_tasks([], ram": "ramp=",
    "queue.create_tasks([], routi": "routing=",
    "queue.move_tasks(to='x', conc": "concurrency=",
    "queue.restore('x', rate": "rate_per_second=",
    "queue.worker(print, on_e": "on_error=",
    "client.create_queue('x', tomb": "tombstone_ttl=",
    "client.restore('x', pas": "past=",
    "location.create_queue('x', stack": "stackdriver_logging_config=",
    "emulator.faults(cut_a": "cut_after=",
    "ct.oauth.authorization_url('x', 'y', offl": "offline=",
    "ct.oauth.sign_in('x', login": "login_hint=",
}


@pytest.mark.parametrize("with_jedi", [True, False])
def test_keywords_of_verbs_are_completed_without_a_request(
    notebook: Notebook, client: ct.Client, queue: ct.Queue, calls: list[str], with_jedi: bool
) -> None:
    location = client.location("us-central1")
    notebook.shell.user_ns |= {
        "ct": ct, "client": client, "location": location, "queue": queue, "emulator": client.emulator,
    }  # fmt: skip
    notebook.shell.Completer.use_jedi = with_jedi
    calls.clear()
    missed = [line for line, keyword in KEYWORDS.items() if keyword not in notebook.complete(line)]
    assert (missed, calls) == ([], [])


def test_a_queue_in_a_variable_is_completed(notebook: Notebook, queue: ct.Queue) -> None:
    notebook.shell.user_ns["mine"] = queue
    assert queue.id in notebook.complete(f"%ct tasks {queue.id[:4]}")


def test_the_only_client_is_found_whatever_its_name(notebook: Notebook, client: ct.Client) -> None:
    notebook.shell.user_ns["tasks_client"] = client
    result, printed = notebook.run("%ct")
    assert result is client
    assert printed_line(printed) == "tasks_client"


def test_of_several_clients_the_one_called_client_is_meant(
    notebook: Notebook, client: ct.Client, emulator: str
) -> None:
    with ct.connect(project="other", endpoint=emulator) as other:
        notebook.shell.user_ns |= {"one": client, "two": other}
        with pytest.raises(ct.ConfigError, match="one, two"):
            notebook.run("%ct")
        notebook.shell.user_ns["client"] = other
        assert notebook.run("%ct")[0] is other


def test_without_a_client_the_emulator_of_the_environment_is_used(
    notebook: Notebook, emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ct.ConfigError, match="No client was found") as refused:
        notebook.run("%ct")
    assert "ct.local()" in str(refused.value)
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", emulator.removeprefix("http://"))
    made, printed = notebook.run("%ct")
    assert made.endpoint == emulator
    assert notebook.shell.user_ns["client"] is made
    assert printed.splitlines()[:2] == ["client = ct.connect()", "client"]
    made.close()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%ct drain emails", "invalid choice"),
        ("%ct tasks", "required: queue"),
        ("%ct tasks emails --limit few", "invalid int value"),
        ("%ct tasks emails --df 'a b'", "not a valid variable name"),
        ("%ct tasks emails --df class", "not a valid variable name"),
        ("%ct tasks 'emails", "No closing quotation"),
        ("%%ct_task emails --in soon\nx", "not a duration"),
        ("%%ct_task emails --header broken\nx", "NAME: VALUE"),
        ("%%ct_task --url x\nx", "required: queue"),
    ],
)
def test_mistakes_are_answered_with_words(
    notebook: Notebook, client: ct.Client, cell: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.shell.user_ns["client"] = client
    done = notebook.shell.run_cell(cell)
    assert type(done.error_in_exec).__name__ == "UsageError"
    assert said in str(done.error_in_exec)


def test_a_task_without_payload_is_a_line(notebook: Notebook, filled: ct.Queue) -> None:
    with pytest.raises(UsageError, match="empty"):
        notebook.run(f"%%ct_task {filled.id} --url {URL}")
    made, printed = notebook.run(f"%ct_task {filled.id} --url {URL} --in 1h")
    assert made.refresh().payload == b""
    assert printed.startswith(f"client.queue({filled.id!r}).create_task(")
    assert filled.id not in notebook.complete("%ct_task ")  # it was not listed before, and is in no variable
    notebook.shell.user_ns["queue"] = filled
    assert filled.id in notebook.complete("%ct_task ")
    assert "--url" in notebook.complete(f"%ct_task {filled.id} ")


def test_a_terminal_says_what_an_error_knows_once(notebook: Notebook, filled: ct.Queue) -> None:
    for _ in range(2):  # IPython removes a handler that fails once
        done = notebook.shell.run_cell("%ct tasks no-such-queue")
        assert isinstance(done.error_in_exec, ct.NotFound)
        said = notebook.printed()
        assert "Custom TB Handler failed" not in said
        assert said.count("Traceback (most recent call last)") == 1
        assert said.count("404 NOT_FOUND") == 1
