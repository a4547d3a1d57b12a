"""What docs/robustness.md says of the tests is there: robustness_counts.py writes the numbers, and tests are added."""

import re

import robustness_counts


def numbers(row):
    return [int(each.replace(",", "")) for each in re.findall(r"(?<![\w-])\d[\d,]*(?<!,)(?![\w-])", row)]


def test_the_page_says_no_more_than_there_is():
    rows = robustness_counts.PAGE.read_text().split("\n")
    for start in [*robustness_counts.COUNTED, *(start for start, _ in robustness_counts.RUN.values())]:
        assert any(row.startswith(start) for row in rows), start
    for row in rows:
        found = robustness_counts.counted(row)
        assert all(old <= new for old, new in zip(numbers(row), numbers(found), strict=True)), (row, found)
