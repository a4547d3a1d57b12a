// Dates and durations, NumPy's and Python's, as a count of another unit: exactly, or not at all.
#pragma once

#include <Python.h>
#include <datetime.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <cstring>
#include <limits>
#include <numeric>

namespace cppdynarray {

// Finds Python's classes; to be called once by a module that uses this. False, with an exception.
inline bool import_dates() noexcept {
    PyDateTime_IMPORT;
    return PyDateTimeAPI != nullptr;
}

// How many of the next finer unit one of a unit is; 0 where that varies, or there is none.
inline npy_int64 finer_units(NPY_DATETIMEUNIT unit) noexcept {
    switch (unit) {
        case NPY_FR_W: return 7;
        case NPY_FR_D: return 24;
        case NPY_FR_h:
        case NPY_FR_m: return 60;
        case NPY_FR_s:
        case NPY_FR_ms:
        case NPY_FR_us:
        case NPY_FR_ns:
        case NPY_FR_ps:
        case NPY_FR_fs: return 1000;
        default: return 0;
    }
}

// Multiplies by as many `fine` as one `coarse` is. False: nobody can say how many, or they are too many.
inline bool multiply_units(npy_int64& count, NPY_DATETIMEUNIT coarse, NPY_DATETIMEUNIT fine) noexcept {
    for (int unit = coarse; unit < fine; unit = unit == NPY_FR_W ? int{NPY_FR_D} : unit + 1) {
        const npy_int64 units = finer_units(static_cast<NPY_DATETIMEUNIT>(unit));
        if (units == 0 || count > std::numeric_limits<npy_int64>::max() / units) return false;
        count *= units;
    }
    return true;
}

// By what a count of one unit is multiplied, and then divided, to be one of another.
struct Scale {
    npy_int64 times = 1, parts = 1;
};

// False: nobody can say, or NumPy alone.
inline bool find_scale(const PyArray_DatetimeMetaData& from, const PyArray_DatetimeMetaData& to,
                       Scale& scale) noexcept {
    if (from.base == to.base && from.num == to.num) return true;
    if (from.base == NPY_FR_GENERIC || to.base == NPY_FR_GENERIC) return false;
    npy_int64 times = from.num, parts = to.num;
    if (!multiply_units(times, from.base, to.base) || !multiply_units(parts, to.base, from.base)) return false;
    const npy_int64 common = std::gcd(times, parts);
    scale.times = times / common, scale.parts = parts / common;
    return true;
}

// A count of one unit, which isn't NaT, as a count of another. False where it is no whole number, or too large.
inline bool rescale(npy_int64& count, const Scale& scale) noexcept {
    if (scale.parts != 1) {
        if (count % scale.parts != 0) return false;
        count /= scale.parts;
    }
    const npy_int64 most = std::numeric_limits<npy_int64>::max() / scale.times;
    if (count > most || count < -most) return false;
    count *= scale.times;
    return true;
}

// The unit of a dtype of dates or durations.
inline const PyArray_DatetimeMetaData& unit_of(PyArray_Descr* dtype) noexcept {
    return reinterpret_cast<PyArray_DatetimeDTypeMetaData*>(PyDataType_C_METADATA(dtype))->meta;
}

// Days from 1970-01-01 to a date of the Gregorian calendar: years begin in March, and 400 of them repeat.
inline npy_int64 days_of(int year, int month, int day) noexcept {
    if (month <= 2) --year;
    const int era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
    const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return npy_int64{146097} * era + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

// The count of microseconds, or of days, that one of Python's own dates or durations is, and which of them. False for
// what is of another class, has a time zone, or isn't what `type_num`, NPY_DATETIME or NPY_TIMEDELTA, says.
inline bool read_date(PyObject* value, int type_num, npy_int64& count, PyArray_DatetimeMetaData& unit) noexcept {
    unit.base = NPY_FR_us, unit.num = 1;
    if (type_num == NPY_TIMEDELTA) {
        if (!PyDelta_CheckExact(value)) return false;
        count = (npy_int64{PyDateTime_DELTA_GET_DAYS(value)} * 86400 + PyDateTime_DELTA_GET_SECONDS(value)) * 1000000 +
                PyDateTime_DELTA_GET_MICROSECONDS(value);
        return true;
    }
    const bool has_time = PyDateTime_CheckExact(value);
    if (!has_time && !PyDate_CheckExact(value)) return false;
    count = days_of(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value));
    unit.base = NPY_FR_D;
    if (!has_time) return true;
    if (PyDateTime_DATE_GET_TZINFO(value) != Py_None) return false;
    count = count * 24 + PyDateTime_DATE_GET_HOUR(value);
    count = (count * 60 + PyDateTime_DATE_GET_MINUTE(value)) * 60 + PyDateTime_DATE_GET_SECOND(value);
    count = count * 1000000 + PyDateTime_DATE_GET_MICROSECOND(value);
    unit.base = NPY_FR_us;
    return true;
}

// Writes a date or duration, of Python's own classes or NumPy's, as a count of the unit of `dtype` to `slot`, anyhow
// aligned, in native byte order. False, and nothing is written: ask NumPy. Runs no Python code.
inline bool store_date(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    const bool is_date = Py_TYPE(value) == &PyDatetimeArrType_Type;
    npy_int64 count;
    PyArray_DatetimeMetaData unit;
    if (is_date || Py_TYPE(value) == &PyTimedeltaArrType_Type) {
        if (is_date != (dtype->type_num == NPY_DATETIME)) return false;
        // Both are the same struct.
        const auto* scalar = reinterpret_cast<PyDatetimeScalarObject*>(value);
        count = scalar->obval, unit = scalar->obmeta;
    } else if (!read_date(value, dtype->type_num, count, unit)) {
        return false;
    }
    const PyArray_DatetimeMetaData& own = unit_of(dtype);
    if (count == NPY_DATETIME_NAT) {
        if ((unit.base == NPY_FR_GENERIC) != (own.base == NPY_FR_GENERIC)) return false;
    } else {
        Scale scale;
        if (!find_scale(unit, own, scale) || !rescale(count, scale)) return false;
    }
    std::memcpy(slot, &count, sizeof count);
    return true;
}

}  // namespace cppdynarray
