"""The start of an emulator: options, their environment variables, and the initial queues."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess

COMMAND = [sys.executable, "-m", "cloudtasks_nb"]


def ended(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command line that ends without a signal."""
    environment = {**os.environ, **variables}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, env=environment)


def connected(process: EmulatorProcess, **how: Any) -> ct.Client:
    return ct.connect(endpoint=process.url, **how)


def test_the_version() -> None:
    assert ended("--version").stdout == f"cloudtasks_nb {ct.__version__}\n"


def test_queues_from_the_start_and_again_after_a_reset() -> None:
    words = (
        "--queue",
        "emails=rate=5,burst=2,attempts=3,min_backoff=1s",
        "--queue=europe-west1/images=kind=pull",
        "--queue=projects/other/locations/us-east1/queues/slow=rate=30/m,paused=1",
    )
    with EmulatorProcess(*words) as process, connected(process) as client:
        for _ in range(2):
            emails = client.queue("emails")
            assert emails.rate_limits is not None
            assert emails.retry_config is not None
            assert (
                emails.rate_limits.max_tasks_dispatched_per_second,
                emails.rate_limits.max_burst_size,
            ) == (5, 2)
            assert (emails.retry_config.max_attempts, emails.kind) == (3, "http")
            assert client.queue("europe-west1/images").kind == "pull"
            slow = client.queue("projects/other/locations/us-east1/queues/slow")
            assert (slow.state, slow.rate_limits and slow.rate_limits.max_tasks_dispatched_per_second) == (
                "PAUSED",
                0.5,
            )
            client.create_queue("others")
            emails.delete()
            client.emulator.reset()
        assert len(list(client.queues("-"))) == 2


def test_what_is_in_the_file_gets_the_settings_that_are_named(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    with (
        EmulatorProcess("--queue=emails=rate=5,attempts=3", data=file) as process,
        connected(process) as client,
    ):
        client.queue("emails").update(retry_config={"max_attempts": 9})
        client.create_queue("gone").delete()
    with (
        EmulatorProcess("--queue=emails=rate=6", "--queue=gone", data=file) as process,
        connected(process) as client,
    ):
        emails = client.queue("emails")
        assert emails.rate_limits is not None
        assert emails.retry_config is not None
        assert (emails.rate_limits.max_tasks_dispatched_per_second, emails.retry_config.max_attempts) == (
            6,
            9,
        )
        assert [queue.id for queue in client.queues()] == ["emails"]
        process.wait_for_complaint("queues/gone: The queue cannot be created because")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "Queue"),
        ("nowhere/emails", "nowhere"),
        ("emails=rate=fast", "rate=fast is not a valid value of rate"),
        ("emails=speed=5", "'speed=5' must be a setting KEY=VALUE; the keys are attempts, burst"),
        ("emails=rate", "'rate' must be a setting KEY=VALUE"),
        ("emails=rate=1000", "less than or equal to 500"),
        ("emails=kind=push", "kind=push must be one of http, app_engine, pull"),
        ("emails=paused=maybe", "paused=maybe must be 1 or 0"),
        ("emails=target=ftp://x", "target=ftp://x is not a valid value"),
        ("images=kind=pull,target=http://localhost", "pull queue has no target"),
    ],
)
def test_a_queue_that_cannot_be(word: str, why: str) -> None:
    found = ended("emulator", "--port=0", f"--queue={word}")
    assert (found.returncode, found.stdout) == (2, "")
    assert why in found.stderr


def test_a_queue_yaml_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "queue.yaml"
    file.write_text("queue:\n- name: emails\n  rate: 5/s\n- name: images\n  mode: pull\n")
    with (
        EmulatorProcess("--queue-yaml", str(file), "--queue=others") as process,
        connected(process) as client,
    ):
        assert {queue.id: queue.state for queue in client.queues()} == dict.fromkeys(
            ("emails", "images", "others"), "RUNNING"
        )
    file.write_text("queue: [name")
    found = ended("emulator", "--port=0", f"--queue-yaml={file}")
    assert (found.returncode, found.stdout) == (1, "")
    assert "is not YAML" in found.stderr
    missing = ended("emulator", "--port=0", f"--queue-yaml={tmp_path / 'none.yaml'}")
    assert missing.returncode == 1
    assert "none.yaml cannot be read: No such file" in missing.stderr


def test_backups_from_the_start(tmp_path: Path) -> None:
    backup, file = tmp_path / "emails.parquet", tmp_path / "queues.db"
    with ct.local(dispatch=False) as client:
        queue = client.create_queue("europe-west1/emails", rate_limits={"max_tasks_dispatched_per_second": 5})
        queue.create_task({"to": "ada"}, url="https://example.com/", task_id="one")
        queue.backup(backup)
    words = ("--no-dispatch", "--restore", str(backup))
    with EmulatorProcess(*words, data=file) as process, connected(process) as client:
        [task] = client.queue("europe-west1/emails").tasks(view="FULL")
        assert task.json() == {"to": "ada"}
        client.emulator.reset()
        queue = client.queue("europe-west1/emails")
        assert queue.count_tasks() == 1
        queue.purge()
    with EmulatorProcess(*words, data=file) as process, connected(process) as client:
        assert client.queue("europe-west1/emails").count_tasks() == 0  # it existed before
        process.wait_for_complaint("was not restored")
    backup.write_bytes(b"no backup")
    found = ended("emulator", "--port=0", f"--restore={backup}")
    assert (found.returncode, found.stdout) == (1, "")
    assert str(backup) in found.stderr
    missing = ended("emulator", "--port=0", f"--restore={tmp_path / 'none'}")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "none cannot be read: No such file" in missing.stderr


def test_variables_stand_for_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = {
        "QUEUE": "emails=rate=5 europe-west1/images=kind=pull",
        "PROJECT": "shop",
        "CLOCK": "manual 2026-03-01T12:00Z",
        "DATA": str(tmp_path / "of the variable.db"),
        "NO_DISPATCH": "yes",
        "DEMO": "0",
        "ALLOW_TARGET": "a.example.com\nb.example.com",
    }
    for name, value in said.items():
        monkeypatch.setenv(f"CLOUDTASKS_NB_{name}", value)
    other = tmp_path / "said.db"
    with EmulatorProcess("--data", str(other)) as process, connected(process, project="shop") as client:
        info = client.emulator.refresh().info
        assert info is not None
        assert (info.clock, info.data, info.dispatches, info.demo) == ("manual", str(other), False, False)
        assert info.allowed_targets == ["a.example.com", "b.example.com"]
        assert sorted(queue.id for queue in client.queues("-")) == ["emails", "images"]
    with ct.local() as client:  # which uses only its own arguments
        assert client.emulator.info is not None
        assert (client.emulator.info.clock, client.emulator.info.data) == ("system", "")
        assert list(client.queues("-")) == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "many", "CLOUDTASKS_NB_PORT: argument --port: 'many' is not a port"),
        ("DEMO", "maybe", "CLOUDTASKS_NB_DEMO: 'maybe' is not valid: use 1 or 0"),
        (
            "ALLOWED_HOST",
            "a/b",
            "CLOUDTASKS_NB_ALLOWED_HOST: argument --allowed-host: 'a/b' is not valid: use a host name",
        ),
        ("QUEUE", "x=y=z", "--queue: 'x=y=z': 'y=z' must be a setting KEY=VALUE"),
    ],
)
def test_a_variable_that_makes_no_sense(name: str, value: str, why: str) -> None:
    found = ended("emulator", "--port=0", **{f"CLOUDTASKS_NB_{name}": value})
    assert (found.returncode, found.stdout) == (2, "")
    assert why in found.stderr


def test_another_host_lets_in_the_names_that_are_allowed() -> None:
    with EmulatorProcess("--allowed-host", "emulator", "--allowed-host=10.1.2.3") as process:
        port = process.url.rpartition(":")[2]
        place = f"{process.url}/v2/projects/p/locations/us-central1/queues"

        def status(host: str, path: str = "", **headers: str) -> int:
            return requests.get(place + path, headers={"Host": host, **headers}, timeout=60).status_code

        for host in (
            "localhost",
            "emulator",
            f"EMULATOR:{port}",
            "emulator.",
            f"10.1.2.3:{port}",
            f"127.0.0.1:{port}",
        ):
            assert status(host) == 200, host
        for host in ("emulator.example.com", "10.1.2.4", "", "emulator:80:80", "[::1", "emulator@evil"):
            assert status(host) in (400, 403), host
        assert status(f"emulator:{port}", Origin=f"http://emulator:{port}") == 200
        for origin in ("http://emulator", "http://evil.example.com", "null", f"https://emulator:{port}"):
            assert status(f"emulator:{port}", Origin=origin) == 403, origin
        assert status(f"emulator:{port}", **{"Sec-Fetch-Site": "cross-site"}) == 403
        # Over http, a browser does not name the page that uses a script of another machine.
        assert status(f"emulator:{port}", "?callback=take") == 403
        assert status(f"localhost:{port}", "?callback=take") == 200


def test_an_address_that_others_reach_is_told_in_one_sentence() -> None:
    words = [*COMMAND, "emulator", "--port=0", "--host=0.0.0.0", "--allowed-host=emulator", "--lifeline"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"cloudtasks emulator ready on http://0\.0\.0\.0:(\d+)\n", line)
        assert match, line
        place = f"http://127.0.0.1:{match[1]}"
        found = requests.get(
            f"{place}/.well-known/openid-configuration", headers={"Host": "emulator"}, timeout=60
        )
        assert found.json()["issuer"] == f"http://emulator:{match[1]}"  # the address for other machines
        assert (
            requests.get(f"{place}/emulator/v1/info", headers={"Host": "192.0.2.1"}, timeout=60).status_code
            == 403
        )
        _, complaints = process.communicate("", timeout=60)
    assert complaints == (
        f"Anybody who can reach http://0.0.0.0:{match[1]} can read, change and run its tasks without signing in. "
        "It accepts the host names localhost, emulator.\n"
    )


def test_every_address_is_answered_where_no_name_is_said() -> None:
    words = [*COMMAND, "emulator", "--port=0", "--host=0.0.0.0", "--lifeline"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        place = process.stdout.readline().split()[-1].replace("//0.0.0.0:", "//127.0.0.1:")
        hosts = {"192.0.2.1": 200, "[2001:db8::1]:80": 200, os.uname().nodename: 200, "evil.example.com": 403}
        for host, status in hosts.items():
            assert (
                requests.get(f"{place}/emulator/v1/info", headers={"Host": host}, timeout=60).status_code
                == status
            ), host
        process.communicate("", timeout=60)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("192.0.2.1", "The emulator cannot listen on 192.0.2.1: "),
        ("no such host", "The emulator cannot listen on no such host: "),
    ],
)
def test_an_address_that_is_not_here(host: str, why: str) -> None:
    found = ended("emulator", "--port=0", f"--host={host}")
    assert (found.returncode, found.stdout) == (1, "")
    assert why in found.stderr
    assert "Next: use --host 127.0.0.1" in found.stderr
