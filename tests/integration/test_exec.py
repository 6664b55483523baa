"""`python -m cloudtasks_nb exec -- COMMAND`: an emulator that runs as long as a command."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_emulator_process import gone
from tests.waiting import wait_until

EXEC = [sys.executable, "-m", "cloudtasks_nb", "exec"]
# Prints the address of the emulator, and the process id of its parent, the exec command.
ASK = """
import json, os, sys, urllib.request
host = os.environ["CLOUD_TASKS_EMULATOR_HOST"]
assert host == os.environ["CLOUDTASKS_EMULATOR_HOST"]
assert os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS"] == f"http://{host}/"
print(json.load(urllib.request.urlopen(f"http://{host}/emulator/v1/info"))["version"], flush=True)
"""
# Ignores signals, but writes their names. It waits for signals and input at once: a signal that comes just before a
# read begins would not end it.
STUBBORN = """
import os, select, signal, sys
came, tell = os.pipe()
os.set_blocking(tell, False)
signal.set_wakeup_fd(tell)
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda *_: None)
print("ready", os.getpid(), os.environ["CLOUD_TASKS_EMULATOR_HOST"], flush=True)
while True:
    found, _, _ = select.select([0, came], [], [])
    if came in found:
        for number in os.read(came, 100):
            os.write(1, f"{signal.Signals(number).name}\\n".encode())
    elif line := os.read(0, 100):
        sys.exit(int(line))
    else:
        sys.exit(0)
"""


# A signal that the main thread blocks is handled as one that arrives just before its system call: the call goes on.
UNINTERRUPTED = """
import signal, sys, threading
from cloudtasks_nb.emulator.execute import _run
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
sys.exit(_run([sys.executable, "-c", sys.argv[1]], "http://127.0.0.1:1"))
"""
ENDS_BY_A_SIGNAL = """
import signal
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
print("ready", flush=True)
signal.pause()
"""


def python(script: str, *words: str) -> list[str]:
    return [sys.executable, "-c", script, *words]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EXEC, *words], capture_output=True, text=True, timeout=60)


def emulators() -> set[int]:
    """The emulator processes that this process or its children started."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            mine = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"emulator" in words and f"EXEC_TEST={os.getpid()}".encode() in mine and not gone(int(entry.name)):
            found.add(int(entry.name))
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXEC_TEST", str(os.getpid()))


def test_a_command_finds_the_emulator_and_gives_its_exit_code() -> None:
    done = run("--", *python(f"{ASK}sys.exit(7)"))
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.strip()
    assert emulators() == set()


def test_options_of_the_emulator_come_before_the_command() -> None:
    script = """
import cloudtasks_nb as ct
with ct.connect() as client:
    print(client.emulator.refresh().info.clock, [queue.id for queue in client.queues()])
"""
    done = run("--clock", "manual", "--queue=emails", "--host=0.0.0.0", "--", *python(script))
    assert (done.returncode, done.stdout) == (0, "manual ['emails']\n")
    assert done.stderr.startswith("Anybody who can reach http://0.0.0.0:")


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--", "no-such-command"], 127, "no-such-command: No such file or directory"),
        (["--", "/"], 126, "/: Permission denied"),
        (["--"], 2, "the command is missing"),
        ([], 2, "the command is missing"),
        (["npm", "test"], 2, "unrecognized arguments: npm test"),
        (["--port=x", "--", "true"], 2, "'x' is not a port"),
        (["--data=/none/queues.db", "--", "true"], 1, "/none/queues.db cannot be used"),
    ],
)
def test_what_cannot_run(words: list[str], code: int, why: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert why in done.stderr
    assert emulators() == set()


def test_a_command_that_is_killed_counts_as_in_a_shell() -> None:
    assert run("--", *python("import os; os.kill(os.getpid(), 9)")).returncode == 137
    assert emulators() == set()


def test_signals_are_passed_on_and_a_command_that_ignores_them_goes_on() -> None:
    words = [*EXEC, "--", *python(STUBBORN, "SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1")]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
            process.send_signal(number)
            assert process.stdout.readline() == f"{number.name}\n"
        assert len(emulators()) == 1
        assert process.communicate("3\n", timeout=60)[0] == ""
    assert process.returncode == 3
    assert emulators() == set()


def test_a_command_that_ends_by_the_signal() -> None:
    words = [*EXEC, "--", *python("import time; print('ready', flush=True); time.sleep(60)")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert emulators() == set()


def test_a_signal_that_interrupts_no_system_call_is_passed_on() -> None:
    with subprocess.Popen(
        python(UNINTERRUPTED, ENDS_BY_A_SIGNAL), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM


def test_a_kill_of_exec_ends_the_emulator() -> None:
    words = [*EXEC, "--", *python(STUBBORN)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline().split()[1])
        process.kill()
        process.wait(60)
        wait_until(lambda: not emulators(), "the emulator goes on")
        os.kill(pid, signal.SIGKILL)


def test_ctrl_c_in_a_terminal_reaches_the_command_once() -> None:
    words = [*EXEC, "--", *python(STUBBORN, "SIGINT")]
    pid, terminal = pty.fork()
    if not pid:
        os.execv(words[0], words)  # noqa: S606 - our own command
    heard = ""

    def hear(text: str) -> bool:
        nonlocal heard
        heard += os.read(terminal, 1000).decode()
        return text in heard

    wait_until(lambda: hear("ready"))
    os.write(terminal, b"\x03")
    wait_until(lambda: hear("SIGINT"))
    os.write(terminal, b"5\n")
    wait_until(lambda: hear("5\r\n"))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    os.close(terminal)
    assert heard.count("SIGINT") == 1
    assert emulators() == set()


def test_an_emulator_that_ends_first_is_told() -> None:
    script = f"""{ASK}
import signal, time
parent = os.getppid()
children = open(f"/proc/{{parent}}/task/{{parent}}/children").read().split()
[emulator] = [int(child) for child in children if int(child) != os.getpid()]
os.kill(emulator, signal.SIGKILL)
of = f"/proc/{{emulator}}"  # it has ended when its last thread has ended
while open(of + "/stat").read().rpartition(")")[2].split()[0] != "Z" or len(os.listdir(of + "/task")) > 1:
    time.sleep(0.01)
"""
    done = run("--", *python(script))
    assert done.returncode == 0
    assert "the emulator ended before the command did" in done.stderr
