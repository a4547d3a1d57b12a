"""What happens to a view when an array grows: np.append leaves it behind, append doesn't."""

from canvas import ELEMENT, FAINT, OLD, ON_ELEMENT, PANEL, ROOM, VIEW, drawing

CELL = 7.0


def cells(canvas, x, y, count, *, fill, color, first=1):
    for number in range(count):
        canvas.box(
            x + CELL * number, y, CELL, CELL, fill=fill, edge=PANEL, color=color,
            label=str(first + number),
        )


def draw(directory):
    with drawing("growing", directory, 79) as canvas:
        new = {"fill": ELEMENT, "color": ON_ELEMENT}

        canvas.panel(0, 0, 100, 43)
        canvas.text(3, 5.5, "a = np.append(a, 4)", code=True, bold=True)
        canvas.text(97, 5.5, "copies, every time", ha="right", color=FAINT)
        cells(canvas, 8, 16, 3, fill=OLD, color=FAINT)
        canvas.bracket(8, 13.4, 3 * CELL, "view", color=VIEW)
        canvas.text(8 + 3 * CELL + 2, 19.6, "old memory, left behind", color=FAINT)
        for number in range(3):
            x = 8 + CELL * (number + 0.5)
            canvas.arrow(x, 23.8, x + 30, 32.4)
        cells(canvas, 38, 33, 4, **new)
        canvas.text(38 + 4 * CELL + 2, 36.6, "a", code=True, bold=True)

        canvas.panel(0, 46, 100, 33)
        canvas.text(3, 51.5, "d.append(4)", code=True, bold=True)
        canvas.text(97, 51.5, "writes one element", ha="right", color=FAINT)
        cells(canvas, 8, 63, 4, **new)
        canvas.box(8 + 4 * CELL, 63, 2 * CELL, CELL, fill=ROOM)
        canvas.box(8 + 6 * CELL, 63, 92 - 8 - 6 * CELL, CELL, edge=FAINT, dashed=True)
        canvas.text(8 + 6 * CELL + 3, 66.7, "reserved addresses", color=FAINT)
        canvas.bracket(8, 60.4, 3 * CELL, "view", color=VIEW)
        canvas.text(8, 74.2, "d", code=True, bold=True)
        canvas.text(12, 74.2, "stays where it is, and every view stays live")
