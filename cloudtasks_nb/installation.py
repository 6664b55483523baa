"""Which command installs an extra, or a newer version, from the place where this package came from?

Source: PEP 610, direct_url.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NAME = "cloudtasks-nb"


def install_command(extra: str = "", *, upgrade: bool = False) -> str:
    """The command for pip: a checkout by its path, an archive or a repository by its URL, a release by its name."""
    return command_for(direct_url(), extra, upgrade=upgrade)


def direct_url() -> dict[str, Any]:
    """The record of pip, uv and others of what was installed by a path or URL. Empty after an install by name."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        record = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        checkout = Path(__file__).parents[1]
        in_checkout = (checkout / "pyproject.toml").is_file()
        return {"url": checkout.as_uri(), "dir_info": {"editable": True}} if in_checkout else {}
    return record if isinstance(record, dict) and isinstance(record.get("url"), str) else {}


def command_for(record: dict[str, Any], extra: str, *, upgrade: bool = False) -> str:
    """The command for one record of PEP 610."""
    extras = f"[{extra}]" if extra else ""
    options = " --upgrade" if upgrade else ""
    if not record:
        return f'pip install{options} "{NAME}{extras}"' if extras else f"pip install{options} {NAME}"
    url = urlsplit(record["url"])
    if (record.get("dir_info") or {}).get("editable") and url.scheme == "file":
        return f'pip install{options} --editable "{unquote(url.path)}{extras}"'
    origin = url._replace(
        netloc=url.netloc.rpartition("@")[2]
    ).geturl()  # a password does not belong in an error
    if vcs := record.get("vcs_info"):
        revision = vcs.get("requested_revision") or ""
        origin = f"{vcs.get('vcs', 'git')}+{origin}" + (f"@{revision}" if revision else "")
    if subdirectory := record.get("subdirectory"):
        origin += f"#subdirectory={subdirectory}"
    return f'pip install{options} "{NAME}{extras} @ {origin}"'
