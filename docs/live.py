"""Plot the numbers that come in on standard input, one a line, as they come in.

examples:
  your_program | python3 live.py
  your_program | python3 live.py --last 1000
  your_program | python3 live.py --save numbers.npy

A line that is no number is reported on standard error and skipped.
"""

import argparse
import contextlib
import sys
import threading

try:
    import matplotlib
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation
except ImportError:
    sys.exit("live.py needs Matplotlib: python3 -m pip install matplotlib")

import cppdynarray as cda


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


description, _, rest = __doc__.partition("\n\n")
parser = argparse.ArgumentParser(
    description=description, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--last", type=positive, metavar="N", help="show only the last N numbers (default: all)")
parser.add_argument("--label", default="value", metavar="TEXT", help="what the numbers are (default: %(default)s)")
parser.add_argument("--save", metavar="FILE.npy", help="keep all of them in a file, and go on from there next time")
options = parser.parse_args()

values = cda.DynamicArray() if options.last is None else cda.RollingArray(maxlen=options.last)
if options.save is not None:
    values = cda.open_memmap(options.save, "a", dtype=float)
received = len(values)


def collect() -> None:
    global received
    for count, line in enumerate(sys.stdin, start=1):
        try:
            number = float(line)
        except ValueError:
            if line.strip():
                print(f"line {count} is no number, skipped: {line.strip():.40}", file=sys.stderr)
            continue
        with contextlib.suppress(ValueError):  # the window was closed, and with it the file
            values.append(number)
            received += 1


def update(frame: int) -> None:
    seen = values[:] if options.last is None else values[-options.last :]  # a view of what there is now
    start = max(received - len(seen), 0) if options.last else 0
    curve.set_data(range(start, start + len(seen)), seen)
    axes.relim()
    axes.autoscale_view()


if matplotlib.get_backend().lower() == "agg":  # what Matplotlib falls back to
    sys.exit("live.py: there is no display to plot on; start it in a graphical session, or log in with 'ssh -X'")
try:
    figure, axes = plt.subplots()
except Exception as error:  # each toolkit has its own
    sys.exit(f"live.py: no window can be opened: {error}")
axes.set(xlabel="number of the reading", ylabel=options.label)
(curve,) = axes.plot([], [])
threading.Thread(target=collect, daemon=True).start()
animation = FuncAnimation(figure, update, interval=100, cache_frame_data=False)
plt.show()
if isinstance(values, cda.DynamicMemmap):
    values.close()
