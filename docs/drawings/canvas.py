"""What the drawings share: colours, for light and dark pages, boxes, arrows and text."""

import io
import re
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch, Rectangle

# The widest that fits a phone with letters that can be read there; units are 1/100 of it.
WIDTH_INCHES = 5.2
FONT_SIZE = 10.5


# The colours by what they are for: what is drawn, and what it turns into on a dark page.
INK = "#1f2d3a"
FAINT = "#8896a3"
ELEMENT = "#2a6f97"
ON_ELEMENT = "#ffffff"
ROOM = "#bcdcee"
VIEW = "#c8621b"
OLD = "#dfe3e8"
PANEL = "#eef3f7"
DARK = {
    INK: "#e6edf3", FAINT: "#8b98a5", ELEMENT: "#4a9cc9", ON_ELEMENT: "#0d1b26", ROOM: "#1f4a63",
    VIEW: "#f4a259", OLD: "#3a434d", PANEL: "#22303c",
}


class Canvas:
    """A drawing area 100 units wide; y goes down."""

    def __init__(self, height):
        figure, self.axes = plt.subplots(figsize=(WIDTH_INCHES, WIDTH_INCHES * height / 100))
        figure.subplots_adjust(0, 0, 1, 1)
        self.axes.set(xlim=(0, 100), ylim=(height, 0), aspect="equal")
        self.axes.set_axis_off()

    def text(self, x, y, text, *, color=None, ha="left", va="center", code=False, bold=False, size=1.0):
        self.axes.text(
            x, y, text, color=color or INK, ha=ha, va=va, fontsize=FONT_SIZE * size,
            family="monospace" if code else "sans-serif", weight="bold" if bold else "normal",
            linespacing=1.35,
        )

    def box(self, x, y, width, height, *, fill=None, edge=None, label=None, color=None, dashed=False, **text):
        self.axes.add_patch(
            Rectangle(
                (x, y), width, height, facecolor=fill or "none", edgecolor=edge or "none",
                linewidth=1.1, linestyle=(0, (3, 2.5)) if dashed else "-",
            )
        )
        if label is not None:
            self.text(x + width / 2, y + height / 2 + 0.2, label, color=color, ha="center", **text)

    def panel(self, x, y, width, height, *, fill=None, edge=None):
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 1, y + 1), width - 2, height - 2, boxstyle="round,pad=1,rounding_size=1.6",
                facecolor=fill or PANEL, edgecolor=edge or "none", linewidth=1.1,
            )
        )

    def line(self, x, y, to_x, to_y, *, color=None, dashed=False):
        self.axes.plot(
            [x, to_x], [y, to_y], color=color or FAINT, linewidth=1.1,
            linestyle=(0, (3, 2.5)) if dashed else "-", solid_capstyle="butt",
        )

    def arrow(self, x, y, to_x, to_y, *, color=None, bend=0.0):
        self.axes.annotate(
            "", (to_x, to_y), (x, y),
            arrowprops={
                "arrowstyle": "-|>", "color": color or INK, "linewidth": 1.3, "shrinkA": 0,
                "shrinkB": 0, "connectionstyle": f"arc3,rad={bend}", "mutation_scale": 11,
            },
        )

    def bracket(self, x, y, width, label, *, color, code=True):
        """A bracket over `width`, open downwards, with a label on it."""
        for each in (x, x + width):
            self.line(each, y, each, y + 1.8, color=color)
        self.line(x, y, x + width, y, color=color)
        self.text(x + width / 2, y - 2.4, label, color=color, ha="center", code=code)


@contextmanager
def drawing(name, directory, height):
    """A canvas, written to NAME.svg at the end."""
    # A file depends on nothing but what is drawn: no date, no random names.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        canvas = Canvas(height)
        yield canvas
        written = io.StringIO()
        canvas.axes.figure.savefig(
            written, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
        plt.close(canvas.axes.figure)
    (Path(directory) / f"{name}.svg").write_text(for_both_pages(written.getvalue()))


def for_both_pages(svg):
    """The drawing with the colours of the page it is on: light, or dark where the reader prefers that."""
    names = {light: f"--c{number}" for number, light in enumerate(DARK)}
    svg = re.sub("#[0-9a-f]{6}(?=[;\"])", lambda found: f"var({names[found[0]]}, {found[0]})", svg)
    dark = " ".join(f"{names[light]}: {dark};" for light, dark in DARK.items())
    style = f"@media (prefers-color-scheme: dark) {{:root {{{dark}}}}}"
    return svg.replace("</style>", f"\n{style}</style>", 1)
