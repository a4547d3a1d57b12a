"""Threads that begin together."""

import threading


def in_threads(*functions):
    """Runs functions together; what one raises, this raises."""
    errors = []
    barrier = threading.Barrier(len(functions))

    def work(function):
        barrier.wait()
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
