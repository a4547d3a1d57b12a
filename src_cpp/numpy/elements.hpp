// What elements are to whoever moves, removes or clears them: what alone tells their kinds apart.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

namespace cppdynarray {

enum class Elements {
    plain,    // bytes, and no more: copied and overwritten
    objects,  // references, whole elements or fields of them: moved, and dropped by who removes them; no element is
              // zero
    strings,  // of StringDType: slots that lead into an arena, under its lock; a slot that held one is used again
};

inline Elements elements_of(PyArray_Descr* dtype) noexcept {
    // A flag says of all but plain elements that copies of their bytes aren't copies of them.
    return !PyDataType_REFCHK(dtype)        ? Elements::plain
           : dtype->type_num == NPY_VSTRING ? Elements::strings
                                            : Elements::objects;
}
inline Elements elements_of(PyArrayObject* array) noexcept { return elements_of(PyArray_DESCR(array)); }

}  // namespace cppdynarray
