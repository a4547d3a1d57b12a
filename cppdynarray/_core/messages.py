"""What errors say that a user can do something about: what was wrong, and what to write instead.

docs/errors.md shows each of them as it comes; tests/test_errors.py compares.
"""

# Arrays that can't grow.

NO_AXIS = "a 0-d array can't grow: it has no axis to grow along; use d.reshape(1).copy()"
NO_OWN_MEMORY = (
    "this DynamicArray can't grow: its memory is not from cppdynarray, since it is a view or was made by NumPy; "
    "d.copy() can grow"
)
READ_ONLY = "this DynamicArray is read-only; set d.flags.writeable = True to change it"
NOT_C_ORDERED = "only C-ordered arrays grow, since rows are added along axis 0; use d.copy(order='C')"

# append and insert take one row, extend many.

ONE_ELEMENT = (
    "append and insert take one element, not a {kind} of shape {shape}; use extend to add its elements, "
    "or start from {start} for rows of that shape"
)
ONE_ELEMENT_OF = "append and insert take one element, not a {kind}; use extend to add its elements"
ONE_ROW = "append and insert take one row of shape {row}, not a {kind} of shape {shape}; use extend to add many rows"
OTHER_ROW = (
    "append and insert take one row of shape {row}, not a {kind} of shape {shape}; "
    "for rows of that shape start from {start}"
)
MANY_ELEMENTS = (
    "this array has one dimension, and can't be extended by values of shape {shape}: "
    "start from {start} for rows of shape {row}, or add the elements of np.ravel(values)"
)
ROW_TO_EXTEND = "extend takes many rows of shape {row}, and these values of shape {shape} are one; use append to add it"
OTHER_ROWS = (
    "extend takes rows of shape {row} here, an array of shape {wanted}, and the values have shape {shape}"
)
NOT_ITERABLE = "extend takes an array or an iterable, not {kind}; use append to add one element"
NO_ITERATION = "iteration over a 0-d array; use append for a single element"

# What DynamicArray(...) takes.

SIZE_AS_CONTENTS = (
    "contents must be an array or an iterable, not {kind}: {zeros} has that many elements, "
    "and DynamicArray([{value}]) one"
)
ONE_AS_CONTENTS = (
    "contents must be an array or an iterable, not {kind}; an array of one element is DynamicArray([value])"
)
SHAPE_ARGUMENT = "{cls} takes contents, not a shape: write cda.zeros({shape}), or cda.empty({shape})"
OTHER_ARGUMENT = "{cls} takes no {name}, but contents, dtype, capacity and reserve"
NO_LENGTH = (
    "dtype={dtype!r} doesn't say how long the elements are: write '{code}10' for up to 10 bytes, "
    "or object for bytes of any length"
)
