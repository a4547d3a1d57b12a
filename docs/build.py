"""Build the site, docs/_build/html: the pages, the gallery, which is run, and asv's pages.

    python3 -m pip install -e '.[docs]'
    python3 docs/build.py

Warnings are errors. The scripts of asv's pages are put beside them, so the site needs no other server. The
tables and drawings that are kept in the repository are not made here but by docs/tables.py and
docs/drawings/draw.py.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import asv_pages

DOCS = Path(__file__).parent
SITE = DOCS / "_build" / "html"

# All of it anew: an example that ran before isn't run again otherwise, and leaves its pictures out.
for made in (DOCS / "_build", DOCS / "auto_gallery"):
    shutil.rmtree(made, ignore_errors=True)
sphinx = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--builder", "html"]
subprocess.run([*sphinx, DOCS, SITE], cwd=DOCS, check=True)
asv_pages.publish(SITE / "asv")
print(f"The site is in {SITE}/index.html")
