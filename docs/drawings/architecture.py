"""The layers, each of which knows only those below it."""

from canvas import ELEMENT, FAINT, VIEW, drawing

LAYERS = [
    ("Python", "DynamicArray, zeros, ..., options,\ncppdynarray.numpy, cppdynarray.brian2", "_creation.pyx, *.py"),
    ("Arrays", "NumPy's allocator, growth, indexing, the class,\noperators and functions, handles",
     "_memory, _growth, _indexing, _array, _dispatch, _handles"),
    ("NumPy's fields", "all that writes an ndarray's fields", "array_fields.hpp"),
    ("Blocks and items", "capacity, the pool, C++ DynamicArray<T>",
     "block, block_allocator, growth_policy, dynamic_array"),
    ("Addresses and pages", "reserve, commit, release", "reservation, virtual_memory"),
]


def draw(directory):
    with drawing("architecture", directory, 124) as canvas:
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
            canvas.text(97, y + 4, "C++ alone" if number >= 3 else "", ha="right", color=VIEW)
            canvas.text(3, y + 5.2 + 2.35 * lines + 1, what)
            canvas.text(3, y + height - 3, files, code=True, color=ELEMENT, size=0.85)
            y += height + 2
        canvas.arrow(24, 13.2, 24, 18.8)
        canvas.arrow(76, 13.2, 76, 18.8)
        canvas.text(50, y + 2.5, "the operating system: mmap, mprotect, madvise", ha="center", color=FAINT)
