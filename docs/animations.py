"""Shows the gallery's animations as GIFs: sphinx-gallery's own ways need ffmpeg or a public server."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.animation import Animation
from sphinx_gallery.scrapers import figure_rst

shown = []


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
