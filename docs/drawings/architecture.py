"""The layers, each of which knows only those below it."""

from canvas import ELEMENT, FAINT, VIEW, drawing

# From the top; the files are some of each layer's, as CONTRIBUTING.md's map has them all.
LAYERS = [
    ("Python", "DynamicArray, zeros, ..., options,\ncppdynarray.numpy, cppdynarray.brian2", "*.py"),
    ("Kinds of arrays", "their classes, how they are made, handles",
     "_array, _rolling, _files, _table, _creation, _handles"),
    ("What arrays do", "conversion, growth, indexing,\noperators and functions",
     "_dispatch, _conversion, _growth, _indexing"),
    ("NumPy from below", "its fields, its allocator, when it hears of a length",
     "array_fields, places, array_growth, rolling"),
    ("Places", "memory and length, for code without the GIL", "array_place, rolling_place, file_memory"),
    ("Blocks", "capacity, slabs, the pool", "block, slabs, block_pool, block_allocator"),
    ("Addresses and pages", "reserve, commit, release", "virtual_memory, file_system"),
]


def draw(directory):
    with drawing("architecture", directory, 160) as canvas:
        users = (
            (0, 48, "Python programs,\nSciPy, pandas, ..."),
            (52, 48, "C++ and Cython,\nBrian2's generated code"),
        )
        for x, width, label in users:
            canvas.panel(x, 0, width, 13, fill="none", edge=FAINT)
            canvas.text(x + width / 2, 6.7, label, ha="center")
        y = 19.0
        for number, (title, what, files) in enumerate(LAYERS):
            lines = what.count("\n") + 1
            height = 11.5 + 4.4 * lines
            canvas.panel(0, y, 100, height)
            canvas.text(3, y + 4, title, bold=True)
            canvas.text(97, y + 4, "C++ alone" if number >= 4 else "", ha="right", color=VIEW)
            canvas.text(3, y + 5.2 + 2.35 * lines + 1, what)
            canvas.text(3, y + height - 3, files, code=True, color=ELEMENT, size=0.85)
            y += height + 2
        canvas.arrow(24, 13.2, 24, 18.8)
        canvas.arrow(76, 13.2, 76, 18.8)
        canvas.text(50, y + 2.5, "the operating system: mmap, mprotect, madvise", ha="center", color=FAINT)
