"""The wheel and the sdist are complete, and work in environments without other packages. The sdist builds the site.

Each extra is tested here, except `test` and `dev`: the tests themselves run with these.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import cloudtasks_nb as ct

ROOT = Path(__file__).parents[2]
SOURCE = "https://github.com/OWNER/NAME"
pytestmark = pytest.mark.timeout(600)  # pip installs pandas and pyarrow, and the extras

# Run in the new environment, far from the checkout.
BASE = """
import cloudtasks_nb as ct

assert ct.__file__.startswith({prefix!r}), ct.__file__
print(ct.__version__)
for needs_more in (ct.local, ct.RetryConfig(max_attempts=3, min_backoff=1).plot):
    try:
        needs_more()
    except ct.MissingExtra as error:
        print(" ".join(str(error).split()))
"""
LOCAL = """
import cloudtasks_nb as ct

with ct.local(demo=True) as client:
    events = client.queue("events").tasks(view="FULL")
    print(events.to_parquet("events.parquet").stat().st_size > 100_000, len(events.to_dataframe()) > 4000)
    panel = client.queue("emails").panel()
    print(len(panel._esm) > 1000, len(panel._css) > 1000, end=" ")
    panel.pause()
    print(client.queue("emails").state)
    print("<table" in client.queues("-")._repr_html_())
"""
PLUGIN = """
def test_it(cloudtasks_client):
    assert cloudtasks_client.create_queue("emails").id == "emails"
"""
PLOT = """
import matplotlib

matplotlib.use("agg")
import cloudtasks_nb as ct

print(type(ct.RetryConfig(max_attempts=3, min_backoff=1).plot().draw()).__name__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`python -m build`: an sdist from the checkout, and a wheel from that sdist."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--quiet", "--outdir", str(place), str(ROOT)]
    _done(command, place, CLOUDTASKS_NB_SOURCE=SOURCE)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    return next(built.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a new, empty environment, and only the wheel in it, without extras."""
    place = tmp_path_factory.mktemp("plain")
    _done([sys.executable, "-m", "venv", "--without-pip", str(place / "env")], place)
    _install(place, str(wheel))
    yield place
    shutil.rmtree(place)  # pytest keeps it if any test of the run failed


def test_the_wheel_holds_everything_that_the_package_needs_and_nothing_else(wheel: Path) -> None:
    files = [path for path in (ROOT / "cloudtasks_nb").rglob("*") if path.is_file()]
    there = {str(path.relative_to(ROOT)) for path in files if not {"__pycache__", "page"} & set(path.parts)}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == there
    for needed in (
        "py.typed",
        "emulator/server/store/schema.sql",
        "render/templates/card.html.j2",
        "render/static/ctnb.css",
    ):
        assert f"cloudtasks_nb/{needed}" in held
    assert "cloudtasks_nb/widgets/built/task_browser.js" in held


def test_the_sdist_holds_what_a_packager_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "Makefile", "pyproject.toml",
        "notebooks/01_tour.ipynb", "docs/architecture.md", "tests/conftest.py", "benchmarks/listing.py",
        "cloudtasks_nb/widgets/page/task_browser.js", "cloudtasks_nb/widgets/built/task_browser.js",
    } <= names  # fmt: skip
    assert not [name for name in names if re.search(r"(^|/)(\.venv|__pycache__|_build|build)(/|$)", name)]


def test_what_it_says_of_itself_is_true(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    said = Parser().parsestr(archive.read(name).decode())
    assert said["Version"] == ct.__version__
    assert said["License-Expression"] == "Apache-2.0"
    assert set(said.get_all("Provides-Extra", [])) == {
        "local", "grpc", "plot", "excel", "docs", "test", "dev",
    }  # fmt: skip
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(said.get_all("Classifier", [])))
    assert said["Requires-Python"] == f">={pythons[0]}"
    tried = re.search(r"for minor in ([\d ]+);", (ROOT / ".ci/pythons").read_text())
    assert tried is not None
    assert pythons == [f"3.{minor}" for minor in tried[1].split()]


def test_on_pypi_its_links_lead_to_the_repository(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    said = Parser().parsestr(archive.read(name).decode())
    assert f"Source, {SOURCE}" in said.get_all("Project-URL", [])
    page, tag = str(said.get_payload()), f"v{ct.__version__}"
    assert f'<img src="{SOURCE}/raw/{tag}/docs/images/walk.gif"' in page
    assert f"({SOURCE}/blob/{tag}/docs/quickstart.md)" in page
    assert [link for link in re.findall(r"\]\(([^)]+)\)", page) if not link.startswith("https://")] == []


def test_twine_accepts_both(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    said = _done([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)], tmp_path)
    assert said.stdout.count("PASSED") == 2


def test_the_version_stands_in_one_place() -> None:
    files = [*ROOT.glob("*.toml"), *(ROOT / "docs").glob("*.py"), *(ROOT / "cloudtasks_nb").rglob("*.py")]
    assignment = re.compile(r"""^\s*(__version__|version|release)\s*=\s*["']\d""", re.M)
    assert [path.name for path in files if assignment.search(path.read_text())] == ["__init__.py"]


def test_without_extras_it_imports_and_says_what_is_missing(plain: Path, wheel: Path) -> None:
    version, emulator, plots = _run(_python(plain), BASE.format(prefix=str(plain)))
    assert version == ct.__version__
    assert f'pip install "cloudtasks-nb[local] @ {wheel.as_uri()}"' in emulator
    assert f'pip install "cloudtasks-nb[plot] @ {wheel.as_uri()}"' in plots


def test_with_local_it_does_all_but_pictures(plain: Path, wheel: Path, tmp_path: Path) -> None:
    python = _extended(plain, tmp_path, f"{wheel}[local]", "pytest")
    assert _run(python, LOCAL) == ["True True", "True True PAUSED", "True"]
    (tmp_path / "test_it.py").write_text(PLUGIN)
    tested = _done([python, "-m", "pytest", "-q", "-W", "error", "test_it.py"], tmp_path)
    assert "1 passed" in tested.stdout


def test_with_plot_it_draws(plain: Path, wheel: Path, tmp_path: Path) -> None:
    python = _extended(plain, tmp_path, f"{wheel}[plot]")
    assert _run(python, PLOT) == ["Axes"]


# Only the kernel of a notebook draws: Sphinx itself runs without the extra "plot".
SPHINX = """
import runpy, sys

sys.modules["matplotlib"] = None
runpy.run_module("sphinx", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def site(plain: Path, sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site as `make docs` builds it, from the sdist, with the installed package only: its sources are not there.

    Warnings are errors: dead links, unknown names, bad markup, missing files. Of the notebooks, only the tour runs
    here: test_notebooks.py runs all of them.
    """
    place = tmp_path_factory.mktemp("site")
    python = _extended(plain, place, f"{sdist}[docs,plot]")
    with tarfile.open(sdist) as archive:
        # Python 3.11.2 has no extractall(filter=...); newer ones warn where no filter is set.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(place)  # noqa: S202 - our own archive
    [source] = place.glob("cloudtasks_nb-*")
    shutil.rmtree(source / "cloudtasks_nb")
    options = ["-q", "-W", "--keep-going", "-j", "2", "-d", str(place / "doctrees"), "docs", "html"]
    with ct.local(demo=True) as client:  # without the extra "local", the environment has no emulator
        running = {"NOTEBOOKS": "01_tour", "CLOUD_TASKS_EMULATOR_HOST": client.endpoint}
        _done([python, "-c", SPHINX, *options], source, **running)
    yield source / "html"
    shutil.rmtree(place)


def test_every_public_name_has_an_entry(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    there = {name for kind in inventory.data for name in inventory.data[kind] if kind.startswith("py:")}
    wanted = {f"cloudtasks_nb.{name}" for name in ct.__all__ if name not in ("__version__", "oauth")}
    wanted |= {f"cloudtasks_nb.oauth.{name}" for name in ct.oauth.__all__ if not name.isupper()}
    assert wanted - there == set()


def test_no_page_needs_a_network(site: Path) -> None:
    """The site loads no scripts, styles or pictures from other sites."""
    loaded = re.compile(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]+)"')
    found = {url for page in site.rglob("*.html") for url in loaded.findall(page.read_text())}
    assert found == set()


WORDS = {  # the words that users search for, and the page that should be found
    "authentication": "how-to/authentication",
    "migrate": "how-to/from-google-cloud-tasks",
    "limits": "explanation/quotas",
    "secrets": "explanation/security",
    "export failed tasks": "how-to/export",
    "troubleshooting": "how-to/troubleshooting",
    "dead letter": "how-to/rescue",
    "node": "how-to/from-your-language",
    "service account key": "how-to/authentication",
    "spreadsheet": "how-to/export",
    "csv": "how-to/export",
    "install": "quickstart",
    "emulator": "how-to/emulator",
    "docker": "how-to/start-an-emulator",
    "rate limit": "explanation/quotas",
}


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, list[str]]:
    """The pages of each query, best first, as the site's own search returns them."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    if (node := shutil.which("node", path=path)) is None:
        words = "SEARCH TESTS CANNOT RUN: node is missing; install it with: make page"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    queries = [*WORDS, *INTERNAL_WORDS]
    command = [node, str(ROOT / "tests/search.cjs"), str(site), *queries]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(zip(queries, json.loads(answer), strict=True))


def test_a_search_finds_the_page_that_answers(found: dict[str, list[str]]) -> None:
    missed = {query: found[query][:3] for query, page in WORDS.items() if page not in found[query][:3]}
    assert missed == {}


INTERNAL_WORDS = ("SPEC", "decision", "changelog", "architecture", "floors", "discovery")


def test_a_search_finds_no_page_for_contributors(found: dict[str, list[str]]) -> None:
    internal = ("internals/", "decisions/", "architecture", "changelog")
    assert [page for pages in found.values() for page in pages if page.startswith(internal)] == []


def test_tutorials_show_what_their_cells_show(site: Path) -> None:
    page = (site / "tutorials/01_tour.html").read_text()
    assert "ct-card" in page or 'class="ct' in page
    assert 'src="../_static/panels.js' in page
    assert "tasks in 00:00" not in page  # a progress line is only for a running cell


def _extended(plain: Path, place: Path, *more: str) -> str:
    """Copy the plain environment and install this in it; returns its Python.

    The copies share their files: pip replaces files, and never writes into one.
    """
    shutil.copytree(plain / "env", place / "env", symlinks=True, copy_function=os.link)
    _install(place, *more)
    return _python(place)


def _install(place: Path, *what: str) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    _done([sys.executable, "-m", "pip", "--python", _python(place), "install", *options, *what], place)


def _python(place: Path) -> str:
    return str(next((place / "env").glob("*/python")))


def _run(python: str, code: str) -> list[str]:
    return _done([python, "-W", "error", "-c", code], Path(python).parents[2]).stdout.splitlines()


def _done(command: list[str], place: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder from which the checkout cannot be imported."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    clean |= {"TQDM_DISABLE": "1", **more}
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    return done
