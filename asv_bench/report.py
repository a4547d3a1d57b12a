"""
The side-by-side report: DynamicArray and its peers, measured in turn.

`python asv_bench/report.py` writes report.md, report.json and pictures. It takes some fifteen
minutes, on a machine that should do nothing else. Peers that are not installed are left out, by
name; `bench` in pyproject.toml has them.
"""

import argparse
import json
import sys
from pathlib import Path

from side_by_side.compare import results
from side_by_side.machine import machine
from side_by_side.measure import Pace
from side_by_side.tables import report


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="whether it runs, not how fast")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="ROW,ROW")
    parser.add_argument("--output", type=Path, default=Path("build/report"), metavar="DIRECTORY")
    return parser.parse_args()


def write(about, made, directory):
    """Write the report of results, with pictures where Matplotlib is installed."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        from side_by_side.pictures import draw
    except ImportError as error:
        print(f"no pictures: {error}", file=sys.stderr)
        pictures = {}
    else:
        pictures = draw(made, directory)
    document = {"machine": about, "results": made}
    (directory / "report.json").write_text(json.dumps(document, indent=1) + "\n")
    (directory / "report.md").write_text(report(about, made, pictures))


def main():
    options = arguments()
    made = []
    for result in results(
        Pace(3, 1) if options.quick else Pace(), quick=options.quick, only=options.only
    ):
        made.append(result)
        said = result.get("left_out") or f"{1 / result['ratio']['median']:.2f}"
        print(*(result[key] for key in ("row", "case", "size", "peer")), said, sep=", ")
    how = "quickly: the figures mean nothing" if options.quick else "in full"
    write({"measured": how, **machine()}, made, options.output)
    print(f"written to {options.output / 'report.md'}")


if __name__ == "__main__":
    main()
