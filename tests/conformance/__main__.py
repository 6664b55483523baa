"""The command: `python -m tests.conformance replay` and `record`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import grpc
import requests

from tests.emulator_process import EmulatorProcess

from .apis import SERVICE, Grpc, Rest
from .making import recorded, session_for
from .places import new_place
from .recording import PUBLISHED, Recording, Unusable, read
from .replaying import differences


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 without differences, 1 with differences, 2 if an input cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.conformance", description="Recordings of Cloud Tasks")
    commands = parser.add_subparsers(required=True)
    replay = commands.add_parser("replay", help="compare the emulator with a recording, over REST and gRPC")
    replay.add_argument(
        "recording", type=Path, help="a file that `record` wrote, or aertje's errors.json or happypath.json"
    )
    replay.add_argument("--endpoint", help="a running emulator (default: a new one)")
    replay.set_defaults(command=_replay)
    record = commands.add_parser("record", help="record the service, in a queue that is deleted afterwards")
    record.add_argument("--project", required=True)
    record.add_argument("--location", required=True)
    record.add_argument("--calls", type=Path, default=PUBLISHED, help="the recording whose calls to make")
    record.add_argument(
        "--to", type=Path, default=Path("recording.json"), help="the file to write; recording.json"
    )
    record.add_argument("--endpoint", default=SERVICE, help="another endpoint; it gets no credentials")
    record.set_defaults(command=_record)
    return parser


def _replay(options: argparse.Namespace) -> int:
    recording = read(options.recording)
    if options.endpoint:
        found = _replayed(recording, options.endpoint)
    else:
        with EmulatorProcess("--no-dispatch") as own:
            found = _replayed(recording, own.url)
    for name in recording.left_out:
        print(f"{name}: not replayed, because {PUBLISHED.name} has no calls of this name.")
    differing = f"{found or 'no'} difference{'s' if found != 1 else ''}"
    print(f"{len(recording.cases)} cases over REST and gRPC: {differing}.")
    return 1 if found else 0


def _replayed(recording: Recording, url: str) -> int:
    """Print each difference, and return their number."""
    found = 0
    with requests.Session() as session, grpc.insecure_channel(url.partition("://")[2]) as channel:
        for api in (Rest(url, recording.version, session), Grpc(recording.version, channel)):
            for difference in differences(recording, api):
                print(difference)
                found += 1
    return found


def _record(options: argparse.Namespace) -> int:
    if options.to.exists() or not options.to.parent.is_dir():
        raise Unusable(
            f"{options.to} exists already, or its folder does not exist. Name another file with --to."
        )
    place, calls = new_place(options.project, options.location), read(options.calls)
    with session_for(options.endpoint) as session:
        print(f"The queue of these calls is {place.queue}. It will be deleted.", file=sys.stderr)
        text = recorded(calls, options.endpoint, place, session)
    options.to.write_text(text)
    print(
        f"{options.to} holds the responses without your project, e-mail addresses, tokens. Read it before you share it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
