"""Build the site, docs/_build/html: the pages, the gallery, which is run, and asv's pages.

    python3 -m pip install -e '.[docs]'
    python3 docs/build.py

Warnings are errors. The tables and drawings that are kept in the repository are not made here but
by docs/tables.py and docs/drawings/draw.py.
"""

import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
SITE = DOCS / "_build" / "html"


def run(*command, directory=DOCS):
    subprocess.run([sys.executable, "-m", *map(str, command)], cwd=directory, check=True)


# All of it anew: an example that ran before isn't run again otherwise, and leaves its pictures out.
for made in (DOCS / "_build", DOCS / "auto_gallery"):
    shutil.rmtree(made, ignore_errors=True)
run("sphinx", "--fail-on-warning", "--keep-going", "--builder", "html", DOCS, SITE)
run("asv", "publish", "--html-dir", SITE / "asv", directory=DOCS.parent / "asv_bench")
print(f"The site is in {SITE}/index.html")
