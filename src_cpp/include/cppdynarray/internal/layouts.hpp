// Where the fields of structs are, for code that knows them by numbers alone: what Numba compiles, for one.
#pragma once

#include <cstddef>

namespace cppdynarray {

struct FieldOffset {
    const char* name;  // Struct.field
    std::size_t offset;
};

// Also of structs that inherit fields, for which offsetof() promises nothing.
template <class Struct, class Owner, class Field>
std::size_t offset_of(Field Owner::* field) noexcept {
    static const Struct object{};
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(object.*field)) -
                                    reinterpret_cast<const char*>(&object));
}

#define CPPDYNARRAY_OFFSET(Struct, field) {#Struct "." #field, ::cppdynarray::offset_of<Struct>(&Struct::field)}

}  // namespace cppdynarray
