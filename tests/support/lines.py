"""Something happens between two lines of the package's Python code: at each of them in turn, as sys.settrace() sees
them. It is there that Ctrl-C comes, that another thread may run, and that a process is killed or another one acts.
"""

import itertools
import os
import signal
import sys

import cppdynarray as cda

PACKAGE = os.path.dirname(cda.__file__)


def run_to_line(number, operation, event):
    """Runs `operation`, with `event` at the line of that number, from 1 on. Returns whether there are so many lines."""
    left, before = number, sys.gettrace()

    def trace(frame, *_):
        nonlocal left
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        left -= 1
        if left == 0:
            event()
        return trace

    sys.settrace(trace)
    try:
        operation()
    finally:
        sys.settrace(before)
    return left <= 0


def number_of_lines(attempt):
    """How often `attempt`, which gets the number of a line, from 1 on, says that there was such a line."""
    return next(number for number in itertools.count() if not attempt(number + 1))


def interrupt():
    raise KeyboardInterrupt


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupted_at_each_line(prepare, begin, operation, check, step=1):
    """For each line of `operation`, or one of `step`: `prepare`, `begin`, a part of `operation`, which gets what
    `begin` gives, until Ctrl-C, and `check`. Returns how often it was interrupted.
    """
    for number in itertools.count(1, step):
        prepare()
        begun, done = begin(), False
        try:
            run_to_line(number, lambda given=begun: operation(given), interrupt)
            done = True
        except KeyboardInterrupt:
            pass
        del begun
        check(number)
        if done:
            return len(range(1, number, step))


def killed_at_each_line(prepare, begin, operation, check, step=1):
    """The same for children of this process, from `begin` on, that are killed: for a process without threads."""
    for number in itertools.count(1, step):
        prepare()
        child = os.fork()
        if child == 0:
            try:
                begun = begin()
                run_to_line(number, lambda given=begun: operation(given), kill)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(2)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), (number, status)
        check(number)
        if status == 0:
            return len(range(1, number, step))
