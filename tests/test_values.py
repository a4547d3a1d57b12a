"""Every kind of value for every dtype, by every way in: what NumPy's assignment makes of it, unless that is another
value. Then it is refused, and with casting='unsafe' taken all the same.
"""

import datetime
import decimal
import fractions
import warnings

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._conversion import HAS_WIDE_REGISTERS, converted
from helpers import loses

DTYPES = [
    "?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", "F", "D", "G", ">i4", ">u8", ">f8",
    ">F", "U3", "U20", ">U8", "S3", "S20", "V5", "M8[s]", "M8[ns]", "M8[D]", "M8[7D]", ">M8[us]", "m8[s]", "m8[ms]",
    "m8[h]",
]
NUMPY_NUMBERS = "? b B h H i I l L q Q e f d g F D G".split()
UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "7D", "10s"]
INTEGERS = [0, 1, 2, -1, 5, 127, 128, 255, 256, 32767, 65504, 65520, 2**24 + 1, 2**31 - 1, 2**31, 2**53 + 1, -(2**63)]
REALS = [0.0, -0.0, 0.5, 1.0, -129.0, 65504.0, 65519.0, 65520.0, 6e-8, 2.98e-8, 1e-5, 3.5e38, 1e300, 2.0**63, np.inf]
ERRORS = (TypeError, ValueError, OverflowError)


def integer(rng):
    number = INTEGERS[rng.integers(len(INTEGERS))]
    return number if rng.random() < 0.6 else int(rng.integers(-(2**63), 2**63 - 1)) >> int(rng.integers(64))


def real(rng):
    return REALS[rng.integers(len(REALS))] if rng.random() < 0.5 else float(integer(rng)) / 2 ** int(rng.integers(3))


def numpy_number(rng):
    dtype = np.dtype(NUMPY_NUMBERS[rng.integers(len(NUMPY_NUMBERS))])
    with np.errstate(all="ignore"):
        if dtype.kind in "iu":
            return np.array(integer(rng) & (2**64 - 1), "u8").astype(dtype)[()]
        number = np.array(real(rng)).astype(dtype)[()]
        return number + dtype.type(1j * real(rng)) if dtype.kind == "c" else number


def text(rng):
    letters = "aé€😀 0\0"
    return "".join(letters[i] for i in rng.integers(len(letters), size=rng.integers(6)))


def numeral(rng):
    return str(integer(rng) if rng.random() < 0.5 else real(rng))


def moment(rng):
    year, days = int(rng.integers(1, 9999)), int(rng.integers(364))
    day = datetime.date(year, 1, 1) + datetime.timedelta(days)
    if rng.random() < 0.3:
        return day
    time = datetime.time(*(int(rng.integers(n)) * int(rng.integers(2)) for n in (24, 60, 60, 10**6)))
    return datetime.datetime.combine(day, time)


def numpy_time(rng):
    unit = UNITS[rng.integers(len(UNITS))]
    kind = np.datetime64 if rng.random() < 0.6 else np.timedelta64
    digits, unit = (int(unit[:-1]), unit[-1]) if unit[0].isdigit() else (1, unit)
    count = int(rng.integers(-(10**5), 10**5)) * 10 ** int(rng.integers(10))
    return kind("NaT", (unit, digits)) if rng.random() < 0.1 else kind(count, (unit, digits))


KINDS = {
    "int": integer,
    "float": real,
    "bool": lambda rng: bool(rng.integers(2)),
    "complex": lambda rng: complex(real(rng), rng.integers(2)),
    "NumPy's number": numpy_number,
    "str": text,
    "np.str_": lambda rng: np.str_(text(rng)),
    "bytes": lambda rng: text(rng).encode(),
    "np.bytes_": lambda rng: np.bytes_(text(rng).encode()),
    "numeral": numeral,
    "date as text": lambda rng: moment(rng).isoformat(),
    "date": moment,
    "timedelta": lambda rng: datetime.timedelta(*(int(rng.integers(n)) for n in (999, 86400, 10**6))),
    "NumPy's time": numpy_time,
    "None": lambda rng: None,
}
# Some of them every dtype takes, and refuses but for those that hold all numbers: real ones no imaginary part.
ALWAYS = {"int": INTEGERS, "float": REALS, "NumPy's number": [np.complex64(1 + 2j)]}


def assigned(dtype, value):
    """What NumPy makes of a value, and what it says of it."""
    made = np.zeros(1, dtype)
    try:
        with warnings.catch_warnings(action="ignore"):
            made[0] = value
    except ERRORS as error:
        return made, type(error)
    except RuntimeError:  # a date for which text has no room
        return made, ValueError
    return made, None


def is_lost(value, dtype):
    """loses(), also for Python's dates, which NumPy's scalars know by heart."""
    if dtype.kind in "mM" and isinstance(value, datetime.date | datetime.timedelta):
        value = np.datetime64(value) if isinstance(value, datetime.date) else np.timedelta64(value)
    return loses(value, dtype)


def assert_same_elements(d, expected):
    try:
        shown = repr(expected.tolist())
        assert repr(d.tolist()) == shown
    except (OverflowError, SystemError):  # a date that Python hasn't; in a record NumPy raises it wrongly
        shown = ""
    assert d.tobytes() == expected.tobytes() or "longdouble" in shown  # which have bytes to spare


def assert_as_numpy(d, value, way, expected, error, lost):
    """Whether a way of adding a value to an empty array gives what is expected."""
    try:
        way(d, value)
    except ERRORS as found:
        assert len(d) == 0
        assert lost or error is not None, (value, found)
    else:
        assert error is None, value
        assert not lost, (value, d)
        assert d.dtype == expected.dtype
        assert_same_elements(d, expected)


WAYS = {
    "append": lambda d, value: d.append(value),
    "insert": lambda d, value: d.insert(0, value),
    "extend by a list": lambda d, value: d.extend([value]),
    "extend by a tuple": lambda d, value: d.extend((value,)),
    "extend by an iterator": lambda d, value: d.extend(iter([value])),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_value_is_kept_or_refused(dtype, way, rng):
    dtype = np.dtype(dtype)
    taken = refused = 0
    for kind, make in KINDS.items():
        for value in [*ALWAYS.get(kind, []), *(make(rng) for _ in range(25))]:
            expected, error = assigned(dtype, value)
            lost = error is None and is_lost(value, dtype)
            assert_as_numpy(cda.DynamicArray(dtype=dtype), value, way, expected, error, lost)
            taken += error is None and not lost
            refused += lost
    assert taken
    assert refused or dtype.char in "gDG"


@pytest.mark.parametrize("dtype", DTYPES)
def test_records_rows_windows_and_contents_take_what_an_element_takes(dtype, rng):
    dtype = np.dtype(dtype)
    record = np.dtype([("a", "i1"), ("x", dtype), ("inner", [("y", dtype), ("rows", dtype, 2)])])
    for make in KINDS.values():
        for _ in range(8):
            value = make(rng)
            expected, error = assigned(dtype, value)
            lost = error is None and is_lost(value, dtype)
            row = np.array([expected[0]] * 2, dtype)
            nested = (1, value, (value, [value, value]))
            whole, nested_error = assigned(record, nested)
            # In records NumPy knows fewer of its own scalars, and makes long doubles of doubles.
            if (nested_error is None) is (error is None) and dtype.char not in "gG":
                assert_as_numpy(cda.DynamicArray(dtype=record), nested, WAYS["append"], whole, error, lost)
                assert_as_numpy(cda.DynamicArray(dtype=record), nested, WAYS["extend by a list"], whole, error, lost)
            if isinstance(value, str | bytes):
                continue  # in a list for a row NumPy makes one text of all
            rows = cda.zeros((0, 2), dtype)
            assert_as_numpy(rows, [value, value], WAYS["append"], row[None], error, lost)
            rows = cda.zeros((0, 2), dtype)
            assert_as_numpy(rows, [value, value], WAYS["extend by a list"], row[None], error, lost)
            window = cda.RollingArray((), dtype, maxlen=3)
            assert_as_numpy(window, value, WAYS["append"], expected, error, lost)


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("of", DTYPES)
@pytest.mark.filterwarnings("ignore")
def test_arrays_are_converted_as_their_elements_are(of, to, rng):
    of, to = np.dtype(of), np.dtype(to)
    for step in (1, 2):
        values = np.array([assigned(of, make(rng))[0][0] for make in KINDS.values() for _ in range(2)], of)[::step]
        d = cda.DynamicArray(dtype=to)
        expected = np.zeros(len(values), to)
        try:
            expected[:] = values
        except (*ERRORS, RuntimeError):
            with pytest.raises((*ERRORS, RuntimeError)):
                d.extend(values)
            assert len(d) == 0
            continue
        # In arrays NumPy takes times for the integers that they are.
        given = values.astype("i8") if of.kind in "mM" and to.kind not in "mMSUV" else values
        lost = np.array([loses(value, to) or assigned(to, value)[1] is not None for value in given])
        if lost.any():
            with pytest.raises(ERRORS, match=f"row {np.argmax(lost)}: " if of.kind not in "cSU" else "row"):
                d.extend(values)
            assert len(d) == 0
            d.extend(values, casting="unsafe")
        else:
            d.extend(values)
        assert_same_elements(d, expected)


ARRAY_DTYPES = "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 F D >i4 >f8 >f2 >D >M8[us] M8[s] M8[ns] m8[7D] U3 U9 >U5 S3".split()
LAYOUTS = {
    "as they are": lambda values: values,
    "every third": lambda values: np.repeat(values, 3)[::3],
    "backwards": lambda values: values[::-1].copy()[::-1],
    "in rows": lambda values: values.reshape(-1, 3),
    "rows apart": lambda values: np.repeat(values.reshape(-1, 3), 2, axis=1)[:, ::2],
    "unaligned": lambda values: np.frombuffer(b"x" + values.tobytes(), values.dtype, offset=1),
}


@pytest.mark.parametrize("to", ARRAY_DTYPES)
@pytest.mark.parametrize("of", ARRAY_DTYPES)
@pytest.mark.filterwarnings("ignore")
def test_long_arrays_are_converted_as_short_ones_are(of, to, rng):
    of, to = np.dtype(of), np.dtype(to)
    some = np.array([assigned(of, make(rng))[0][0] for make in KINDS.values() for _ in range(8)], of)
    # NumPy takes times for integers in some, and makes text of them in others: short arrays are tested above.
    if of.kind != to.kind and {of.kind, to.kind} & set("mMSU"):
        return
    lost = np.array([loses(value, to) or assigned(to, value)[1] is not None for value in some])
    kept = some[~lost]
    if of.kind == "c" and to.kind != "c":
        assert lost.all()
        return
    values = kept[rng.integers(len(kept), size=3 * int(rng.integers(300, 1500)))]
    for name in rng.choice(list(LAYOUTS), 2, replace=False):
        layout = LAYOUTS[name]
        source = layout(values)
        d = cda.zeros((2, *source.shape[1:]), to)
        d.extend(source)
        assert_same_elements(d[2:], source.astype(to))
        if lost.any():
            before, capacity = d.tobytes(), d.capacity
            number = int(rng.integers(len(source)))
            changed = values.copy()
            changed.reshape(source.shape)[number] = some[lost][0]
            with pytest.raises(ERRORS):
                d.extend(layout(changed))
            assert (d.tobytes(), d.capacity) == (before, capacity), name
            with pytest.raises(ERRORS):
                cda.DynamicArray(layout(changed), to)
            if of.kind not in "mM":  # NumPy's to refuse
                d.extend(layout(changed), casting="unsafe")
                assert_same_elements(d[-len(source) :], layout(changed).astype(to))


NUMBERS = "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 F D >u2 >i4 >f8 >D".split()


@pytest.mark.skipif(not HAS_WIDE_REGISTERS, reason="there is one way to convert on a processor without AVX2")
@pytest.mark.parametrize("to", NUMBERS)
@pytest.mark.parametrize("of", NUMBERS)
@pytest.mark.filterwarnings("ignore")
def test_any_processor_converts_as_one_with_wider_registers(of, to, rng):
    of, to = np.dtype(of), np.dtype(to)
    if of.kind == "c" and to.kind != "c":
        pytest.skip("no complex number is converted to a real one")
    bits = np.frombuffer(rng.bytes(32 * of.itemsize), of) if of != "?" else np.array([True, False])
    some = np.concatenate([bits, *([assigned(of, make(rng))[0][0] for make in KINDS.values()] for _ in range(4))])
    kept = []
    for value in some.astype(of):
        ways = [converted(np.full(67, value, of), to, wide) for wide in (False, True)]
        if ways[0] is None:
            assert ways[1] is None, value
        else:
            assert ways[0].tobytes() == ways[1].tobytes(), value
            kept.append(value)
    values = np.array(kept, of)[rng.integers(len(kept), size=int(rng.integers(1000, 3000)))]
    for layout in ("as they are", "every third", "unaligned"):
        ways = [converted(LAYOUTS[layout](values), to, wide) for wide in (False, True)]
        assert_same_elements(ways[0], values.astype(to))
        assert ways[0].tobytes() == ways[1].tobytes()


def test_halves_are_numpys():
    halves = np.arange(2**16, dtype="u2").view("f2")
    for dtype in "f4", "f8", "F":
        d = cda.DynamicArray(dtype=dtype)
        d.extend(halves)
        assert d.tobytes() == halves.astype(dtype).tobytes()
    finite = halves[np.isfinite(halves)].astype("f8")
    near = np.concatenate([finite, finite * (1 + 2**-11), finite * (1 + 2**-12), finite * (1 + 3 * 2**-12)])
    near = np.concatenate([near, np.nextafter(near, 0), np.nextafter(near, 1e9), np.ldexp(1.0, np.arange(-1074, 16))])
    near = near[abs(near) < 65520]
    for source in near, near.astype("f4"), -near:
        source = source[abs(source) < 65520]
        d = cda.DynamicArray(dtype="f2")
        d.extend(source)
        assert d.tobytes() == source.astype("f2").tobytes()
        one_by_one = cda.DynamicArray(dtype="f2")
        one_by_one.extend(source[::97].tolist())
        assert one_by_one.tobytes() == source[::97].astype("f2").tobytes()
    for too_large in 65520.0, -1e300, 2.0**1023:
        with pytest.raises(OverflowError):
            cda.DynamicArray(dtype="f2").extend(np.array([1.0, too_large]))


@pytest.mark.parametrize("make", [lambda: cda.DynamicArray(dtype="i4"), lambda: cda.RollingArray((), "i4", maxlen=5)])
def test_casting_unsafe_is_the_way_round(make):
    d = make()
    d.append(2.5, casting="unsafe")
    d.append(3, casting="lossless")
    d.extend([4.5, 5.0], casting="unsafe")
    assert d.tolist() == [2, 3, 4, 5]
    if isinstance(d, cda.DynamicArray):
        d.insert(1, 2.9, casting="unsafe")
        assert d.pop(1) == 2
        with pytest.raises(TypeError, match="fraction"):
            d.insert(1, 2.9, casting="lossless")
        with pytest.raises(TypeError, match="insert takes no keyword arguments but casting, not value"):
            d.insert(1, 2, value=3)
        with pytest.raises(ValueError, match="casting must be 'lossless' or 'unsafe', not 'safe'"):
            d.insert(1, 2, casting="safe")
    for call in d.append, d.extend:
        with pytest.raises(TypeError, match="expected 1 argument, got 0"):
            call()
        with pytest.raises(TypeError, match="expected 1 argument, got 2"):
            call(1, 2)
        with pytest.raises(TypeError, match="takes no keyword arguments but casting, not dtype"):
            call([1], dtype="f8")
        with pytest.raises(ValueError, match="casting must be 'lossless' or 'unsafe', not 'safe'"):
            call([1], casting="safe")
    assert d.tolist() == [2, 3, 4, 5]


class OfNoNumbers:
    """Converts itself, and compares with nothing."""

    def __init__(self, number):
        self.number = number

    def __float__(self):
        return float(self.number)

    def __int__(self):
        return int(self.number)


class Index:
    def __index__(self):
        return 7


class OwnIndex(int):
    def __index__(self):
        return 300

    __int__ = __index__


def pandas_like(nanoseconds):
    """A datetime with more than it says, as pandas' Timestamp is."""

    class Timestamp(datetime.datetime):
        def __eq__(self, other):
            return super().__eq__(other) and nanoseconds == 0

        __hash__ = None

    return Timestamp(2020, 1, 1)


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("i8", decimal.Decimal(2**63 - 1), 2**63 - 1),
        ("i8", decimal.Decimal("1.5"), TypeError),
        ("u8", fractions.Fraction(2**63), 2**63),
        ("i4", fractions.Fraction(1, 3), TypeError),
        ("f8", fractions.Fraction(1, 3), 1 / 3),
        ("f4", decimal.Decimal("1e300"), OverflowError),
        ("f4", decimal.Decimal("Infinity"), np.inf),
        ("f8", decimal.Decimal("1e400"), OverflowError),
        ("i8", OfNoNumbers(3), 3),
        ("i8", OfNoNumbers(3.5), TypeError),
        ("f4", OfNoNumbers(0.1), np.float32(0.1)),
        ("i8", Index(), 7),
        ("?", Index(), TypeError),
        ("?", [], TypeError),
        ("?", "", TypeError),
        ("?", "False", TypeError),
        ("?", decimal.Decimal(1), True),
        ("?", object(), TypeError),
        ("i1", OwnIndex(5), OverflowError),
        ("M8[ns]", "3000-01-01", ValueError),
        ("M8[ns]", "3000-01-01T00:00:00.000000001", ValueError),
        ("M8[D]", "2020-01-01T23:59", ValueError),
        ("M8[m]", "2020-01-01T23:59", np.datetime64("2020-01-01T23:59")),
        ("M8[ns]", pandas_like(5), ValueError),
        ("M8[ns]", pandas_like(0), np.datetime64("2020-01-01")),
        ("i1", np.timedelta64(300, "s"), TypeError),
        ("f4", "1e300", OverflowError),
        ("f8", "1e400", OverflowError),
        ("f4", "-inf", -np.inf),
        ("S3", b"ab\0\0\0", b"ab"),
        ("i4,i4", 5, TypeError),
        ("i4,i4", "5", TypeError),
        ([("s", "S3"), ("n", "i4")], ("abcd", 1), ValueError),
        ([("s", "S3", 2), ("n", "i4")], (["ab", "abcd"], 1), ValueError),
        ([("n", "i4", 2)], ([1, 2.5],), TypeError),
        ([("n", "i4", 2)], (np.array([1, 2.5]),), TypeError),
        ([("n", [("m", "i4")])], (5,), TypeError),
        ([("n", "i4")], np.array((2.5,), [("n", "f8")])[()], TypeError),
        ([("n", "i4", 2)], np.array(([1, 2**40],), [("n", "i8", 2)])[()], OverflowError),
    ],
)
def test_what_fits_is_taken_and_else_refused(dtype, value, expected):
    for way in WAYS.values():
        d = cda.DynamicArray(dtype=dtype)
        if isinstance(expected, type) and issubclass(expected, Exception):
            with pytest.raises(expected):
                way(d, value)
            assert len(d) == 0
        else:
            way(d, value)
            assert d[0] == expected


class Appending:
    """Appends to the array that it is converted for."""

    def __init__(self, d, number):
        self.d, self.number = d, number

    def __float__(self):
        self.d.append(-1.0)
        return self.number


def test_a_value_that_appends_is_converted_once():
    for way in WAYS.values():
        d = cda.DynamicArray(dtype="f4")
        way(d, Appending(d, 0.5))
        assert sorted(d.tolist()) == [-1.0, 0.5]
        d.clear()
        with pytest.raises(OverflowError):
            way(d, Appending(d, 1e300))
        assert set(d.tolist()) == {-1.0}


@pytest.mark.parametrize("count", [0, 1, 3, 10, 1000])
def test_lists_are_stored_behind_the_end_or_not_at_all(count):
    d = cda.DynamicArray([7, 8], "i4")
    d.reserve(5000)
    address, values = d.ctypes.data, list(range(count))
    for given in values, tuple(values), np.array(values, "i8"), np.array(values, "f8"):
        before = d.tolist()
        d.extend(given)
        assert d.tolist() == before + values
    before = d.tolist()
    for bad in [*values, 2**40], np.array([*values, 2**40]), [*values, 0.5], np.array([*values, 0.5]):
        with pytest.raises((OverflowError, TypeError), match=f"row {count}: "):
            d.extend(bad)
        assert d.tolist() == before
    d.resize(len(d) + 10)
    assert d[-10:].tolist() == [0] * 10  # what failed has left nothing
    assert d.ctypes.data == address


def test_an_array_of_its_own_memory_is_read_before_it_is_written():
    d = cda.DynamicArray(np.arange(8.0))
    behind = d.as_numpy().view("i4")[8:]  # the bytes of the rows from 4 on
    expected = behind.tolist()
    d.resize(2)
    d.extend(behind)
    assert d.tolist() == [0.0, 1.0, *map(float, expected)]
