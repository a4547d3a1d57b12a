"""What the drawings share: colours for light and dark pages, boxes, arrows and text."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch, Rectangle

# The widest that fits a phone with letters that can be read there; units are 1/100 of it.
WIDTH_INCHES = 5.2
FONT_SIZE = 10.5


@dataclass(frozen=True)
class Theme:
    """The colours of a page and of what is drawn on it."""

    name: str
    ink: str
    faint: str
    element: str
    on_element: str
    room: str
    view: str
    old: str
    panel: str


LIGHT = Theme(
    "light", ink="#1f2d3a", faint="#8896a3", element="#2a6f97", on_element="#ffffff", room="#bcdcee",
    view="#c8621b", old="#dfe3e8", panel="#eef3f7",
)  # fmt: skip
DARK = Theme(
    "dark", ink="#e6edf3", faint="#8b98a5", element="#4a9cc9", on_element="#0d1b26", room="#1f4a63",
    view="#f4a259", old="#3a434d", panel="#22303c",
)  # fmt: skip


class Canvas:
    """A drawing area 100 units wide; y goes down."""

    def __init__(self, theme, height):
        self.theme = theme
        figure, self.axes = plt.subplots(figsize=(WIDTH_INCHES, WIDTH_INCHES * height / 100))
        figure.subplots_adjust(0, 0, 1, 1)
        self.axes.set(xlim=(0, 100), ylim=(height, 0), aspect="equal")
        self.axes.set_axis_off()

    def text(self, x, y, text, *, color=None, ha="left", va="center", code=False, bold=False, size=1.0):
        self.axes.text(
            x, y, text, color=color or self.theme.ink, ha=ha, va=va, fontsize=FONT_SIZE * size,
            family="monospace" if code else "sans-serif", weight="bold" if bold else "normal",
            linespacing=1.35,
        )  # fmt: skip

    def box(self, x, y, width, height, *, fill=None, edge=None, label=None, color=None, dashed=False, **text):
        self.axes.add_patch(
            Rectangle(
                (x, y), width, height, facecolor=fill or "none", edgecolor=edge or "none",
                linewidth=1.1, linestyle=(0, (3, 2.5)) if dashed else "-",
            )
        )  # fmt: skip
        if label is not None:
            self.text(x + width / 2, y + height / 2 + 0.2, label, color=color, ha="center", **text)

    def panel(self, x, y, width, height, *, fill=None, edge=None):
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 1, y + 1), width - 2, height - 2, boxstyle="round,pad=1,rounding_size=1.6",
                facecolor=fill or self.theme.panel, edgecolor=edge or "none", linewidth=1.1,
            )
        )  # fmt: skip

    def line(self, x, y, to_x, to_y, *, color=None, dashed=False):
        self.axes.plot(
            [x, to_x], [y, to_y], color=color or self.theme.faint, linewidth=1.1,
            linestyle=(0, (3, 2.5)) if dashed else "-", solid_capstyle="butt",
        )  # fmt: skip

    def arrow(self, x, y, to_x, to_y, *, color=None, bend=0.0):
        self.axes.annotate(
            "", (to_x, to_y), (x, y),
            arrowprops={
                "arrowstyle": "-|>", "color": color or self.theme.ink, "linewidth": 1.3, "shrinkA": 0,
                "shrinkB": 0, "connectionstyle": f"arc3,rad={bend}", "mutation_scale": 11,
            },
        )  # fmt: skip

    def bracket(self, x, y, width, label, *, color, code=True):
        """A bracket over `width`, open downwards, with a label on it."""
        for each in (x, x + width):
            self.line(each, y, each, y + 1.8, color=color)
        self.line(x, y, x + width, y, color=color)
        self.text(x + width / 2, y - 2.4, label, color=color, ha="center", code=code)


@contextmanager
def drawing(name, directory, theme, height):
    """A canvas, written to NAME-light.svg or NAME-dark.svg at the end."""
    # A file depends on nothing but what is drawn: no date, no random names.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        canvas = Canvas(theme, height)
        yield canvas
        file = Path(directory) / f"{name}-{theme.name}.svg"
        canvas.axes.figure.savefig(file, transparent=True, metadata={"Date": None, "Creator": None})
        plt.close(canvas.axes.figure)
