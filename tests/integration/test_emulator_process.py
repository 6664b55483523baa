"""The emulator as a process: ready line, durability, lifeline, and errors at the start."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests

from cloudtasks_nb.installation import install_command
from tests.emulator_process import EmulatorProcess
from tests.waiting import wait_until

QUEUES = "/v2beta2/projects/local/locations/us-central1/queues"
COMMAND = [sys.executable, "-m", "cloudtasks_nb", "emulator"]


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=60) as answer:
        return dict(json.load(answer))


def create(url: str, queue: str, task_id: str) -> None:
    name = f"{QUEUES}/{queue}".removeprefix("/v2beta2/")
    call(f"{url}{QUEUES}", {"name": name})
    task = {"name": f"{name}/tasks/{task_id}", "httpRequest": {"url": "https://example.com", "body": "aGk="}}
    call(f"{url}{QUEUES}/{queue}/tasks", {"task": task})


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie counts as ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_end(ending: signal.Signals) -> None:
    with EmulatorProcess() as process:
        process.popen.send_signal(ending)
        assert process.popen.communicate(timeout=60)[0] == ""
        assert process.complaints() == ""
        assert process.popen.returncode == 0


def test_an_attempt_under_way_does_not_hold_up_the_end(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        EmulatorProcess("--no-dispatch", data=file) as process,
    ):
        name = f"{QUEUES}/hanging".removeprefix("/v2beta2/")
        call(f"{process.url}{QUEUES}", {"name": name})
        task = {
            "name": f"{name}/tasks/one",
            "httpRequest": {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"},
        }
        call(f"{process.url}{QUEUES}/hanging/tasks", {"task": task})
        call(f"{process.url}{QUEUES}/hanging/tasks/one:run", {})
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            assert process.stop() == ("", "")
    with EmulatorProcess("--no-dispatch", data=file) as process:
        shown = call(f"{process.url}{QUEUES}/hanging?readMask=stats")["stats"]
        assert shown["tasksCount"] == "1"
        assert "concurrentDispatchesCount" not in shown


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_file_survives(tmp_path: Path, ending: signal.Signals) -> None:
    file = tmp_path / "queues.db"
    with EmulatorProcess("--no-dispatch", data=file) as process:
        create(process.url, "emails", "one")
        before = call(f"{process.url}{QUEUES}/emails/tasks?responseView=FULL")
        process.popen.send_signal(ending)
        process.popen.wait(60)
    with EmulatorProcess("--no-dispatch", data=file) as process:
        assert call(f"{process.url}{QUEUES}/emails/tasks?responseView=FULL") == before
        assert call(f"{process.url}{QUEUES}")["queues"][0]["name"].endswith("/emails")


def test_page_tokens_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    with EmulatorProcess("--no-dispatch", data=file) as process:
        create(process.url, "emails", "a")
        call(f"{process.url}{QUEUES}/emails/tasks", {"task": {"httpRequest": {"url": "https://example.com"}}})
        first = call(f"{process.url}{QUEUES}/emails/tasks?pageSize=1")
    with EmulatorProcess("--no-dispatch", data=file) as process:
        token = first["nextPageToken"]
        second = call(f"{process.url}{QUEUES}/emails/tasks?pageSize=1&pageToken={token}")
    assert len(first["tasks"]) == len(second["tasks"]) == 1
    assert first["tasks"] != second["tasks"]
    assert "nextPageToken" not in second


def test_one_file_one_emulator(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    with EmulatorProcess("--no-dispatch", data=file):
        second = subprocess.run(
            [*COMMAND, "--port", "0", "--data", file], capture_output=True, text=True, timeout=60
        )
    assert (second.returncode, second.stdout) == (1, "")
    assert (
        second.stderr == f"cloudtasks_nb emulator: {file} is in use by another process. "
        "Next: stop that process, or name another file\n"
    )


def test_a_file_of_something_else(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be looked at" * 100)
    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--data", file], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"cloudtasks_nb emulator: {file} cannot be used: file is not a database. "
        "Next: restore a backup of it, or name another file; this file was not changed\n"
    )
    assert file.read_text().startswith("not a database")


def test_a_file_in_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "none" / "queues.db"
    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--data", file], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"cloudtasks_nb emulator: {file} cannot be used: unable to open database file. "
        "Next: name a file in an existing folder with write permission\n"
    )


def test_a_demo_that_the_disk_does_not_take(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--demo", "--data", file],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(
        f"cloudtasks_nb emulator: {file} cannot be filled: d"
    )  # database or disk is full
    assert len(ended.stderr.splitlines()) == 1


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"cloudtasks_nb emulator: Port {port} cannot be used: Address already in use. "
        "Next: choose another port; --port 0 picks a free one\n"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--grant", "roles/owner"], "argument --grant: '' must be a member such as user:ada@example.com"),
        (["--oauth-client", "mine"], "argument --oauth-client: 'mine' must have the form ID=SECRET"),
        (["--app-engine", "ftp://x"], "--app-engine: 'ftp://x' must be the URL of an application, such as"),
        (["--fault", "late=1"], "--fault: 'late=1' must be NAME=VALUE"),
        (["--clock", "sundial"], "--clock: use 'system', 'manual', or 'manual' and a time"),
        (["--port", "99999"], "argument --port: '99999' is not a port"),
        (["--data", "queues/"], "argument --data: 'queues/' does not name a file"),
    ],
)
def test_an_option_that_cannot_be_read_is_named(options: list[str], complaint: str) -> None:
    ended = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert complaint in ended.stderr.splitlines()[-1]


def test_the_owner_is_not_told_of_what_others_send() -> None:
    """Invalid HTTP gets an error response, and a closed connection gets none. Neither is logged as an error."""
    head = b"POST /v2beta2/projects/p/locations/us-central1/queues HTTP/1.1\r\nHost: localhost\r\n"
    with EmulatorProcess() as emulator:
        port = int(emulator.url.rpartition(":")[2])

        def answer(*pieces: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                for piece in pieces:
                    connection.sendall(piece)
                return connection.recv(65_536)

        assert b" 400 " in answer(b"GET / HTTP/9.9\r\n\r\n")
        assert b" 400 " in answer(head + b"Content-Length: many\r\n\r\n")
        assert b" 413 " in answer(head + b"Content-Length: 99999999999\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + b"Content-Length: 100\r\n\r\nhalf of it")
        assert call(f"{emulator.url}/emulator/v1/info")["clock"] == "system"
        assert emulator.stop() == ("", "")


def test_nobody_has_to_read_what_it_complains_of(tmp_path: Path) -> None:
    """A full pipe blocks its writer. The emulator must continue, and must still end on a signal."""
    data = tmp_path / "queues.db"
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--data", data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        url = process.stdout.readline().split()[-1]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        queue = {"name": f"{QUEUES}/q".removeprefix("/v2beta2/")}
        for _ in range(100):  # each error says that the disk is full
            assert requests.post(f"{url}{QUEUES}", json=queue, timeout=60).status_code == 500
        assert call(f"{url}/emulator/v1/info")["clock"] == "system"
        process.terminate()
        assert process.wait(60) == 0
        assert "database failed" in process.stderr.readline()


def test_the_name_of_a_file_is_no_uri(tmp_path: Path) -> None:
    ended = subprocess.Popen(
        [*COMMAND, "--port", "0", "--data", "file:x?mode=memory"], cwd=tmp_path, stdout=-1
    )
    with ended:
        assert ended.stdout is not None
        assert ended.stdout.readline()
        ended.terminate()
    assert (tmp_path / "file:x?mode=memory").exists()


def test_without_aiohttp_the_missing_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from cloudtasks_nb.__main__ import main; sys.exit(main(['emulator', '--port', '0']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert install_command("local") in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_lifeline_ends_with_stdin() -> None:
    with EmulatorProcess("--lifeline") as process:
        assert process.popen.stdin is not None
        process.popen.stdin.close()
        assert process.popen.wait(60) == 0


def test_without_lifeline_stdin_does_not_matter() -> None:
    with EmulatorProcess() as process:
        assert process.popen.stdin is not None
        process.popen.stdin.close()
        process.popen.stdin = None
        assert "locationId" in call(f"{process.url}/v2beta2/projects/p/locations/us-central1")


@pytest.mark.parametrize("stdin", ["subprocess.PIPE", "None"])
def test_the_lifeline_ends_with_a_killed_parent(stdin: str) -> None:
    program = (
        "import subprocess, sys, threading\n"
        f"command = {[*COMMAND, '--port', '0', '--lifeline']!r}\n"
        f"child = subprocess.Popen(command, stdin={stdin}, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "threading.Event().wait()\n"
    )
    # An inherited stdin stays open in this test, so that the emulator sees only the change of its parent.
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=read, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: gone(child), "the emulator is still there")
    os.close(read)
    os.close(write)


def test_the_demo_is_seeded_once(tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    with EmulatorProcess("--demo", "--no-dispatch", data=file) as process:
        shown = call(f"{process.url}{QUEUES}?readMask=name,stats,pullTarget")["queues"]
        urllib.request.urlopen(
            urllib.request.Request(f"{process.url}{QUEUES}/emails", method="DELETE"), timeout=60
        ).close()
    assert {q["name"].rpartition("/")[2]: q["stats"]["tasksCount"] for q in shown}["events"] == "5000"
    with EmulatorProcess("--demo", "--no-dispatch", data=file) as process:
        names = [queue["name"] for queue in call(f"{process.url}{QUEUES}")["queues"]]
    assert not any(name.endswith("/emails") for name in names)
    assert len(names) == len(shown) - 1


def test_a_body_that_is_not_as_encoded_is_refused() -> None:
    with (
        EmulatorProcess() as emulator
    ):  # a separate emulator: the HTTP server logs an error about such a body
        url = f"{emulator.url}/v2beta2/projects/p/locations/us-central1/queues"
        answer = requests.post(url, data=b"no", headers={"Content-Encoding": "gzip"}, timeout=60)
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_operations_survive_a_restart(tmp_path: Path) -> None:
    batch = {"requests": [{"task": {"httpRequest": {"url": "https://example.com"}}}] * 2, "requestId": "fill"}
    with EmulatorProcess("--no-dispatch", data=tmp_path / "queues.db") as process:
        create(process.url, "jobs", "first")
        answer = call(f"{process.url}{QUEUES}/jobs/tasks:batchCreate", batch)
        process.stop()
    with EmulatorProcess("--no-dispatch", data=tmp_path / "queues.db") as process:
        assert call(f"{process.url}/v2beta2/{answer['name']}") == answer
        assert call(f"{process.url}{QUEUES}/jobs/tasks:batchCreate", batch) == answer
        assert len(call(f"{process.url}{QUEUES}/jobs/tasks")["tasks"]) == 3
