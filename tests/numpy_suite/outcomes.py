"""A pytest plugin that writes the outcome of each test to a file, for run.py."""

import json
from pathlib import Path

import pytest


class Outcomes:
    def __init__(self, config):
        self.config = config
        self.of_tests = {}

    def pytest_collectreport(self, report):
        if report.failed:
            self.of_tests[report.nodeid] = "failed"

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            expected_to_fail = hasattr(report, "wasxfail")
            self.of_tests[report.nodeid] = "xfailed" if expected_to_fail else report.outcome

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        swap = self.config.pluginmanager.get_plugin("cppdynarray-swap")
        found = {"outcomes": self.of_tests, "swapped": swap.count() if swap else 0}
        Path(self.config.getoption("outcomes")).write_text(json.dumps(found), "utf-8")


def pytest_addoption(parser):
    parser.addoption("--outcomes", metavar="FILE", required=True)


def pytest_configure(config):
    config.pluginmanager.register(Outcomes(config))
