"""What sphinx-gallery is told: the order of the examples; animations are shown as GIFs, since its own
ways need ffmpeg or a public server.
"""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.animation import Animation
from sphinx_gallery.scrapers import figure_rst

shown = []
FIRST = ["plot_live_stream.py", "plot_oscilloscope.py", "plot_brian2_live.py"]


class Order:
    """Sorts the examples: these first, then by name."""

    def __init__(self, directory):
        pass

    def __call__(self, name):
        return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def scrape(block, variables, settings):
    """Save an animation that is new after a block of code, and return what shows it."""
    for value in variables["example_globals"].values():
        if isinstance(value, Animation) and value not in shown:
            shown.append(value)
            file = Path(next(variables["image_path_iterator"])).with_suffix(".gif")
            value.save(file, writer="pillow", dpi=100)
            plt.close("all")
            return figure_rst([str(file)], settings["src_dir"])
    return ""
