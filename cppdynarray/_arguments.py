"""Keyword arguments that a function doesn't take: errors that say what to write."""

import functools
import inspect


def others_raise(message, **messages):
    """Lets a function, or __new__, raise TypeError for keyword arguments that it doesn't have, with a message for all
    or with that for their name. Messages say the `call`, the `name`, and which arguments are `known`.
    """

    def decorate(function):
        names = list(inspect.signature(function).parameters)
        is_new = function.__name__ == "__new__"
        known = names[is_new:]
        listed = f"{', '.join(known[:-1])} and {known[-1]}"

        @functools.wraps(function)
        def checked(*args, **kwargs):
            for name in kwargs:
                if name not in known:
                    call = args[0].__name__ if is_new else function.__name__
                    raise TypeError(messages.get(name, message).format(call=call, name=name, known=listed))
            return function(*args, **kwargs)

        return checked

    return decorate
