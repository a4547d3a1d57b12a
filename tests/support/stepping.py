"""What a process leaves behind if it is killed between two instructions: a child is stopped after each of them."""

import ctypes
import functools
import os
import signal
import sys

_TRACE_ME, _STEP = 0, 9


@functools.cache
def _function():
    found = ctypes.CDLL(None, use_errno=True).ptrace
    found.argtypes, found.restype = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), ctypes.c_long
    return found


def _ptrace(request, process):
    if _function()(request, process, None, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def can_stop():
    """Whether Linux lets us: containers may forbid it, and who is traced already can't be traced by us."""
    try:
        return stops(lambda: None, lambda made: None, lambda: None) > 0
    except OSError:
        return False


def stops(begin, operation, look):
    """Calls `operation` with what `begin` gives, in a child of this process, which has no threads. look() is called
    here before each instruction of it, and after the last. Returns how often.
    """
    child = os.fork()
    if child == 0:
        try:
            begun = begin()
            _ptrace(_TRACE_ME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            operation(begun)
            os.kill(os.getpid(), signal.SIGSTOP)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    count, status = 0, os.waitpid(child, 0)[1]
    try:
        while os.WIFSTOPPED(status) and (count == 0 or os.WSTOPSIG(status) != signal.SIGSTOP):
            look()
            count += 1
            _ptrace(_STEP, child)
            status = os.waitpid(child, 0)[1]
        look()
    finally:
        if os.WIFSTOPPED(status):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        raise OSError(f"the child ended: {os.waitstatus_to_exitcode(status)}")
    return count
