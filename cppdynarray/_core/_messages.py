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
    "append and insert take one element, not {kind} of shape {shape}; use extend to add its elements, "
    "or start from {start} for rows of that shape"
)
ONE_ELEMENT_OF = "append and insert take one element, not {kind}; use extend to add its elements"
ONE_ROW = "append and insert take one row of shape {row}, not {kind} of shape {shape}; use extend to add many rows"
OTHER_ROW = (
    "append and insert take one row of shape {row}, not {kind} of shape {shape}; "
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
MORE_ARGUMENTS = (
    "{method} expected 1 argument, got {count}: append((a, b)) adds one row of two values, and extend((a, b)) two rows"
)

# What an empty array for rows of a shape is made by, `{start}` above: attributes of the classes.

rows_in_memory = "cda.zeros((0, {row}){dtype})"
rows_of_rolling = "cda.RollingArray(maxlen={maxlen}, row_shape=({row},){dtype})"
rows_on_file = "cda.open_memmap(new_path, 'x', shape=(0, {row}){dtype})"

# Records.

RECORD_OF_LIST = "a record is a tuple, not {kind}: append(tuple(values)), or append((a, b))"
RECORD_OF_DICT = (
    "a record is a tuple, not a dict: tuple(values[name] for name in d.dtype.names); a cda.DynamicTable takes dicts"
)
RECORDS_OF_ROWS = (
    "records are tuples, and each of these is {kind}: extend(map(tuple, rows)), "
    "or extend(zip(*columns)) where they are columns"
)
RECORDS_OF_COLUMNS = (
    "extend takes records, and a dict has columns: extend(zip(*columns.values())); "
    "a cda.DynamicTable takes columns as they are"
)

# How messages end about what doesn't fit.

unsafe = "; casting='unsafe' converts all the same"
long_text = "; dtype='{wider}' has room for it, and dtype=str for text of any length (not on files)"
long_bytes = "; dtype='{wider}' has room for it"
for_record = "; a record is a tuple of {count} values"

# What DynamicArray(...) takes.

SIZE_AS_CONTENTS = (
    "contents must be an array or an iterable, not {kind}: {zeros} has that many elements, "
    "and DynamicArray([{value}]) one"
)
ONE_AS_CONTENTS = (
    "contents must be an array or an iterable, not {kind}; an array of one element is DynamicArray([value])"
)
SHAPE_ARGUMENT = "{cls} takes contents, not a shape: write cda.zeros({shape}), or cda.empty({shape})"
OTHER_ARGUMENT = "{call} takes no {name}, but {known}"
NO_LENGTH = (
    "dtype={dtype!r} doesn't say how long the elements are: write '{code}10' for up to 10 bytes, "
    "or object for bytes of any length"
)
POSITIONS = "{cls} takes contents and dtype by their position, and all else by name: {count} were given"
ROLLING_OF_ARRAY = "{cls} has no maxlen: the last rows of a stream are kept by cda.RollingArray(maxlen={value})"

# Windows.

SIZE_OF_ROLLING = "maxlen is given by its name: write RollingArray(maxlen={size})"
CONTENTS_OF_ROLLING = "maxlen is given by its name: write RollingArray(values, maxlen={size})"
NO_MAXLEN = "a window needs maxlen, the most rows that it has: RollingArray(maxlen=1000)"
SHAPE_OF_ROLLING = (
    "maxlen says how many rows a window has, and row_shape their shape: "
    "write RollingArray(maxlen={maxlen}, row_shape={shape})"
)

# Files.

SHAPE_OF_FILE = (
    "{call} takes no {name}, but a shape, whose first number is how many rows there are to begin with: "
    "write shape=(0, 3) for rows of 3 elements"
)
NO_LENGTH_ON_FILE = "dtype={dtype!r} doesn't say how long the elements are: write '{code}20' for up to 20"

# Tables.

TABLE_DTYPE = (
    "a table's dtype names its columns: DynamicTable(dtype=[('time', 'f8'), ('position', 'f4', 3)]), a dict of such "
    "dtypes, or a structured dtype, not {dtype!r}"
)
TABLE_WITHOUT_DTYPE = (
    "rows don't tell the names and dtypes of columns: write DynamicTable(rows, dtype=[('time', 'f8'), ...])"
)
OTHER_OF_TABLE = (
    "{call} takes no {name}, but {known}; columns are named in the dtype: dtype={{'time': 'f8', 'channel': 'i2'}}"
)
NO_COLUMN = "there is no column {name!r}; the columns are {names}"
NEW_COLUMN = (
    "a table keeps its columns, and {name!r} is none of them: "
    "DynamicTable({{**t, {name!r}: values}}) makes a table with one more"
)
DELETE_COLUMN = "del t[...] removes rows, and a table keeps its columns: t[['a', 'b']] gives some of them"
COLUMN_ATTRIBUTE = "a DynamicTable has no attribute {name!r}: a column is t[{name!r}]"
ARRAY_ATTRIBUTE = "a DynamicTable has no attribute {name!r}: its columns are arrays, t['name'].{name}"
OTHER_ATTRIBUTE = "a DynamicTable has no attribute {name!r}"
TABLE_INDEX = (
    "a table is indexed by a column's name, an int, a slice or an array of ints or bools, not by {kind}"
)
ROW_AND_COLUMN = "t[{key}]: first the column, then its rows: t['name'][i]"
SET_ROWS = (
    "only a row, t[i] = row, and a column, t['name'] = values, are assigned; some rows are t['name'][a:b] = values"
)
NO_ARITHMETIC = "a table is no array, and has no arithmetic: compute with its columns, t['name'] + 1"
ROW_AS_ARGUMENTS = "append takes one row: t.append((a, b, ...)), with a second pair of parentheses"
ROWS_AS_ARGUMENTS = (
    "extend takes one argument: rows, t.extend([(a, b, ...), ...]), or columns, t.extend({'name': values, ...})"
)
NO_ROW = "a row is a tuple, a list, a dict or a record, not {kind}: t.append((value,)) where there is one column"
NOT_ROWS = "extend takes an iterable of rows, columns by their names, or another table, not {kind}"
ROW_LENGTH = "a row has {wanted} values here ({names}), and this one has {found}; extend adds many rows"
MISSING_NAME = "every column needs a value, and this {kind} has none for {name!r}; it has {found}"
UNKNOWN_NAME = "this {kind} has a value for {name!r}, and there is no such column; the columns are {names}"
VALUE_SHAPE = "column {name!r} takes values of shape {wanted}, and this one has shape {found}"
UNEQUAL_COLUMNS = "columns are added with as many rows each: {name!r} has {found}, and one before it {wanted}"
OTHER_LENGTH = "column {name!r} has {rows} rows, and these values have shape {shape}: extend adds rows, to all columns"
SINGLE_VALUES = "extend takes columns, and these are all single values: use append for one row"
NO_ARROW = (
    "tables are handed over as Arrow by PyArrow or nanoarrow, and neither is installed: 'pip install pyarrow', or "
    "'pip install nanoarrow'"
)
NOT_IN_ARROW = "nanoarrow takes no {dtype}; PyArrow may: 'pip install pyarrow'"
FOR_PANDAS = "pandas takes the columns of a table, a dict of views: pd.DataFrame(t[:], copy=False)"
