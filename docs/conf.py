"""The configuration of the site. Building it needs no network."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "_ext")]

from cloudtasks_nb import __version__, local  # noqa: E402

project = "cloudtasks_nb"
author = "the authors of cloudtasks_nb"
project_copyright = "the authors of cloudtasks_nb, Apache-2.0"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "breakable_code",
    "docstrings",
    "recorded_panels",
    "rest_methods",
    "searching",
    "themed_pictures",
]
exclude_patterns = ["_build", "_ext", "**.ipynb_checkpoints"]

# Warnings are errors (make docs): every linked page must exist, and every named object must be documented.
nitpicky = True
nitpick_ignore_regex = [
    # Signatures contain types of other libraries, and some internal ones.
    (
        "py:.*",
        r"(collections|concurrent|datetime|email|google|matplotlib|os|pa|pandas|pathlib|pd|pyarrow)\..+",
    ),
    ("py:.*", r"(requests|t|typing)\..+"),
    ("py:class", r"[^.]+|.*\[[^.]+"),
    ("py:class", r"cloudtasks_nb\.\w+\..+"),
]
default_role = "literal"  # docstrings write `code` as Markdown does
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the table of parameters has them
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline", "attrs_block", "substitution"]
myst_substitutions = {"version": version}
myst_heading_anchors = 3
# Notebooks are saved without outputs. `make docs` runs them, so that their pages show cards, tables and panels.
# NOTEBOOKS=01_tour runs only that one.
RUN = os.environ.get("NOTEBOOKS")
nb_execution_mode = "force" if RUN else "off"
nb_execution_excludepatterns = [
    f"*{path.name}" for path in (ROOT / "notebooks").glob("[0-9]*.ipynb") if RUN not in ("run", path.stem)
]
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "pydata_sphinx_theme"
html_title = "cloudtasks_nb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "cloudtasks_nb", "image_light": "_static/mark.svg", "image_dark": "_static/mark.svg"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "show_toc_level": 2,
    "back_to_top_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "github-dark-high-contrast",
    "navigation_with_keys": False,
}
html_sidebars = {"index": [], "quickstart": [], "gallery": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

linkcheck_ignore = [r"http://(localhost|127\.0\.0\.1).*", r"https://example\.com.*"]
linkcheck_anchors = False


def _bring_notebooks() -> None:
    """Copies the notebooks into the docs, because Sphinx reads only that folder; removes old copies."""
    there = {path.name: path for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    for old in (HERE / "tutorials").glob("*.ipynb"):
        if old.name not in there:
            old.unlink()
    for name, path in there.items():
        copy = HERE / "tutorials" / name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)


_bring_notebooks()

if RUN:  # the first notebook uses this emulator, the others start their own
    _demo = local(demo=True)
    os.environ.update(CLOUD_TASKS_EMULATOR_HOST=_demo.endpoint, TQDM_DISABLE="1")
if RUN == "run":  # the examples of docstrings run too, each in a separate project
    _examples = local()
    examples_endpoint = _examples.endpoint
