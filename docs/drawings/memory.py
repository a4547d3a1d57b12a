"""One array in memory: reserved, committed and used, and where a view looks, as it grows."""

from canvas import ELEMENT, FAINT, INK, OLD, ON_ELEMENT, ROOM, VIEW, drawing

BAR, STEP = 9.0, 35.0
HEADER, START, END = 3.0, 10.0, 97.0


def stage(canvas, y, title, length, capacity, *, labels=False):
    canvas.text(START + 2, y, title, code=True)
    top = y + 11
    canvas.box(HEADER, top, START - HEADER, BAR, fill=OLD)
    canvas.box(START, top, length, BAR, fill=ELEMENT)
    canvas.box(START + length, top, capacity - length, BAR, fill=ROOM)
    canvas.box(START + capacity, top, END - START - capacity, BAR, edge=FAINT, dashed=True)
    canvas.bracket(START, top - 2.4, 12, "view", color=VIEW)
    for x, name, side in (
        (START + length, "len(d) ", "right"), (START + capacity, " d.capacity", "left"),
        (END, "d.max_size ", "right"),
    ):
        canvas.line(x, top, x, top + BAR + 4.6, color=INK)
        canvas.text(x, top + BAR + 3.6, name, code=True, ha=side, size=0.92)
    if labels:
        middle = top + BAR / 2 + 0.2
        canvas.text(START + length / 2, middle, "elements", color=ON_ELEMENT, ha="center")


def draw(directory):
    with drawing("memory", directory, 126) as canvas:
        stage(canvas, 4, "d = DynamicArray([1, 2, 3]); view = d[:]", 12, 24)
        stage(canvas, 4 + STEP, "d.append(4); ...", 20, 24)
        stage(canvas, 4 + 2 * STEP, "d.extend(more)", 34, 46, labels=True)

        canvas.line(START, 4, START, 104, color=VIEW, dashed=True)
        canvas.text(START, 106.8, "the data's address never changes", color=VIEW)

        for y, entries in (
            (114, ((3, OLD, None, "header"), (37, ELEMENT, None, "elements"))),
            (120.5, (
                (3, ROOM, None, "committed, empty"),
                (37, None, FAINT, "reserved: addresses, no memory"),
            )),
        ):
            for x, fill, edge, label in entries:
                canvas.box(x, y, 4, 4, fill=fill, edge=edge, dashed=edge is not None)
                canvas.text(x + 5.5, y + 2.2, label)
