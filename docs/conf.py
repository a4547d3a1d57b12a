"""Sphinx's configuration. `python3 docs/build.py` builds the site."""

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sphinx.util.inventory import InventoryFile

import cppdynarray

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for animations and history

import history

project = "cppdynarray"
author = copyright = "the cppdynarray developers"
version = release = cppdynarray.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery", "**/.*"]
if not find_spec("brian2"):
    exclude_patterns.append("reference/brian2.rst")  # nor can the module be imported
    suppress_warnings = ["toc.excluded"]

# Markdown

myst_enable_extensions = ["attrs_inline", "colon_fence", "substitution"]
commits = history.load()
myst_substitutions = {"version": version} | history.facts(commits)
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"

# The reference: docstrings are numpydoc's; what DynamicArray has from ndarray, NumPy documents.

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Links to NumPy's pages. The list of these is made here, so that building asks no server.


class NumpyNames:
    """As much of an environment as an inventory needs: a domain with NumPy's functions and classes."""

    name = "py"
    config = type("config", (), {"project": "NumPy", "version": np.__version__})

    @property
    def domains(self):
        domain = type("domain", (), {"name": "py", "get_objects": staticmethod(self.objects)})
        return type("domains", (dict,), {"sorted": lambda self: [domain]})()

    @staticmethod
    def objects():
        for owner, prefix in ((np, "numpy"), (np.ndarray, "numpy.ndarray")):
            for name, value in vars(owner).items():
                if name[0] != "_" and callable(value):
                    kind = "class" if isinstance(value, type) else "method" if owner is np.ndarray else "function"
                    full = f"{prefix}.{name}"
                    yield full, full, kind, f"reference/generated/{full}", full, 1

    def get_target_uri(self, page):
        return f"{page}.html"


made = HERE / "_build"
made.mkdir(exist_ok=True)
inventory = made / "numpy.inv"
InventoryFile.dump(str(inventory), NumpyNames(), NumpyNames())
intersphinx_mapping = {"numpy": ("https://numpy.org/doc/stable/", str(inventory))}

# The picture of docs/history.md.

history.draw(commits, made / "history.png")


def link_numpy(app, what, name, obj, options, lines):
    """What docstrings name of NumPy becomes a link."""
    for number, line in enumerate(lines):
        lines[number] = re.sub(r"``(numpy\.\w+)``", r":obj:`\1`", line)


def setup(app):
    app.connect("autodoc-process-docstring", link_numpy)


# The gallery


def can_run(example):
    """Whether this machine has what an example needs; it is shown without being run otherwise."""
    needs = {
        "plot_cpp_thread": shutil.which(os.environ.get("CXX", "c++")) and find_spec("pybind11"),
        "plot_brian2": find_spec("brian2"),
        "plot_brian2_live": find_spec("brian2") and sys.version_info >= (3, 13) and shutil.which("c++"),
    }
    return bool(needs.get(example.stem, True))


examples = sorted((HERE / "gallery").glob("plot_*.py"))
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": f"/({'|'.join(each.stem for each in examples if can_run(each))})\\.py$",
    "within_subsection_order": "animations.Order",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 60,
    "image_scrapers": ("animations.scrape", "matplotlib"),
}

# The pages

html_theme = "pydata_sphinx_theme"
html_title = "cppdynarray"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "install": [], "quickstart": [], "changelog": []}
# Pages whose tables need the place of the sidebar.
wide = [f"performance/{each.name}/report" for each in (HERE / "performance").iterdir()]
html_theme_options = {
    "logo": {"text": "cppdynarray"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"]} | {page: [] for page in wide},
}
