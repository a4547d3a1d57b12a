"""What docs/robustness.md says of the tests is there: robustness_counts.py writes the numbers, and tests are added."""

import re

import pytest
import robustness_counts


def numbers(row):
    return [int(each.replace(",", "")) for each in re.findall(r"(?<![\w-])\d[\d,]*(?<!,)(?![\w-])", row)]


def rows():
    return robustness_counts.PAGE.read_text().split("\n")


def test_the_page_has_the_rows_whose_numbers_are_made():
    starts = [*robustness_counts.COUNTED, *(start for start, _ in robustness_counts.RUN.values())]
    assert all(any(row.startswith(start) for row in rows()) for start in starts)


@pytest.mark.slow  # it collects thousands of tests
def test_the_page_says_no_more_than_there_is():
    for row in rows():
        found = robustness_counts.counted(row)
        assert all(old <= new for old, new in zip(numbers(row), numbers(found), strict=True)), (row, found)
