"""C++ for code objects: what Brian2's own generator makes of the equations, in functions of our templates."""

import copy
import re
from dataclasses import dataclass, field

import numpy as np
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.codegen.statements import Statement
from brian2.codegen.templates import Templater
from brian2.core import functions as brian2_functions
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.names import Nameable
from brian2.core.preferences import prefs
from brian2.core.variables import ArrayVariable, Constant, DynamicArrayVariable
from brian2.parsing.rendering import CPPNodeRenderer, NodeRenderer
from brian2.utils.stringtools import deindent, stripped_deindented_lines, word_substitute

from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["CannotRunNatively", "Generated", "generate", "register_functions"]


class CannotRunNatively(Exception):
    """Why some code is left to Cython."""


@dataclass(frozen=True)
class Slot:
    """What one pointer of a function's table leads to."""

    kind: str  # "array", "place", "length", "constant", "values", "random", "object", "output", "count"
    value: object = None


@dataclass
class Generated:
    """The C++ of a code object, in which nothing has a name of the model's, and what its slots are."""

    source: str
    slots: list
    before: str = ""  # a second function, for before_run; it takes the same slots
    compiler_options: dict = field(default_factory=dict)


class Renderer(CPPNodeRenderer):
    """Expressions with the arithmetic of code_object.hpp, where C++ and Python differ."""

    FUNCTIONS = {"Div": "divide", "FloorDiv": "floor_divide", "Mod": "modulo", "Pow": "power"}  # noqa: RUF012

    def render_BinOp(self, node):
        function = self.FUNCTIONS.get(type(node.op).__name__)
        if function is None:
            return NodeRenderer.render_BinOp(self, node)
        return f"cppdynarray::brian2::{function}({self.render_node(node.left)}, {self.render_node(node.right)})"


# Names that stand for slots until it is known which of them the code uses, and in which order.
_PLACEHOLDER = re.compile(r"\b_([apnvkro])(\d+)_\b")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b.*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")


class DirectGenerator(CPPCodeGenerator):
    """Brian2's C++ generator, with arrays, lengths and constants that come through slots."""

    class_name = "cppdynarray"
    universal_support_code = ""

    def __init__(self, *args, **kwds):
        self.slots = []  # of which the code may use some only
        self._numbers = {}
        super().__init__(*args, **kwds)

    # What the templates call. Each gives an expression.

    def array(self, variable):
        """The elements of an array, as they are when the function is called."""
        if isinstance(variable, DynamicArrayVariable) and variable.ndim > 1:
            raise CannotRunNatively(f"{variable.name} has two dimensions")
        return f"_a{self._number('array', variable)}_"

    def place(self, variable):
        """The ArrayPlace* of a dynamic array."""
        return f"_p{self._number('array', variable)}_"

    def length(self, variable):
        """The length of an array when the function is called."""
        return f"_n{self._number('array', variable)}_"

    def value(self, name):
        """A constant or a shared variable."""
        variable = self.variables[name]
        if isinstance(variable, ArrayVariable):
            return f"{self.array(variable)}[0]"
        return name

    def type(self, variable):
        """The C++ type of an array's elements."""
        return self.c_data_type(variable.dtype)

    def pointer(self, name):
        """What the capsule that is the value of a variable leads to, as void*."""
        return f"_o{self._number('object', self.variables[name])}_"

    def output(self, dtype, variable=None):
        """A new array, of as many elements as `variable` has, or N; and where to put how many there are."""
        number = self._number("output", (np.dtype(dtype), variable))
        return f"static_cast<{self.c_data_type(dtype)}*>(_o{number}_)"

    def output_length(self):
        return f"(*static_cast<std::int64_t*>(_o{self._number('count', None)}_))"

    def _number(self, kind, value):
        key = (kind, value if isinstance(value, tuple) else id(value))
        if key not in self._numbers:
            self._numbers[key] = len(self.slots)
            self.slots.append(Slot(kind, value))
        return self._numbers[key]

    # What Brian2's generator calls.

    def get_array_name(self, var, access_data=True):
        return self.array(var) if access_data else self.place(var)

    def translate_expression(self, expr):
        expr = word_substitute(expr, self.func_name_replacements)
        return Renderer(auto_vectorise=self.auto_vectorise).render_expr(expr).strip()

    def translate_statement(self, statement):
        if statement.op in ("/=", "//=", "%=", "**="):
            statement = Statement(
                statement.var, "=", f"{statement.var} {statement.op[:-1]} ({statement.expr})", statement.comment,
                dtype=statement.dtype, scalar=statement.scalar,
            )
        else:
            statement = copy.copy(statement)
        statement.comment = ""
        return super().translate_statement(statement)

    def determine_keywords(self):
        support, load, added = [], [], set()
        for name, variable in sorted(self.variables.items()):
            if isinstance(variable, Function):
                self._add_function(name, variable, support, load, added)
        return {"_code": self, "_support": support, "_load": load}

    def _add_function(self, name, function, support, load, added):
        """The text of a function and, before it, of those that it calls."""
        if function in added:
            return
        added.add(function)
        implementation = function.implementations[self.codeobj_class]
        for dependency_name, dependency in (implementation.dependencies or {}).items():
            self._add_function(dependency_name, dependency, support, load, added)
        text = implementation.get_code(self.owner)
        if text is None:
            return
        if isinstance(text, str):
            text = {"support_code": text}
        elif not isinstance(text, dict):
            raise CannotRunNatively(f"function {name} has no C++ text")
        for key, value in (implementation.get_namespace(self.owner) or {}).items():
            if isinstance(value, RandomSource):
                support.append(f"static cppdynarray::brian2::RandomNumbers* _namespace{key};")
                load.append(f"_namespace{key} = _r{self._number('random', value)}_;")
            elif isinstance(value, np.ndarray) and value.ndim and value.flags.c_contiguous:
                type = self.c_data_type(value.dtype)
                support.append(f"static {type}* _namespace{key};\nstatic std::int64_t _namespace_num{key};")
                load.append(f"_namespace{key} = static_cast<{type}*>(_v{self._number('values', value)}_);")
            else:
                raise CannotRunNatively(f"function {name} uses {key}, which is a Python object")
        names = {}
        for dependency_name, dependency in (implementation.dependencies or {}).items():
            names[dependency_name] = dependency.implementations[self.codeobj_class].name or dependency.pyfunc.__name__
        for part in ("hashdefine_code", "support_code"):
            part = deindent(text.get(part, "") or "")
            if part.strip():
                support.append(word_substitute(part, {old: new for old, new in names.items() if old != new}))


@dataclass(frozen=True, eq=False)
class RandomSource:
    """One of the device's buffers of random numbers."""

    name: str  # "rand" or "randn"


def register_functions():
    """Make rand() and randn() known to Brian2 as functions of this generator; not what somebody put in their place."""
    for name in ("rand", "randn"):
        function = DEFAULT_FUNCTIONS[name]
        implementations = function.implementations
        if function.pyfunc is getattr(brian2_functions, name) and DirectGenerator not in set(implementations):
            implementations.add_implementation(
                DirectGenerator,
                f"static inline double _{name}(int) {{ return cppdynarray::brian2::take(_namespace_{name}_numbers); }}",
                namespace={f"_{name}_numbers": RandomSource(name)},
                name=f"_{name}",
            )


# Not named .cpp alone: tools that format C++ would take them for it, and break them.
templater = Templater("cppdynarray.brian2.direct", ".cpp.jinja")


def _anonymous_names(variables):
    """Other names for functions that are named after an object, so that the same model has the same text."""
    named = {v.name for v in variables.values() if isinstance(v, Function) and isinstance(v, Nameable)}
    return [
        (re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9]|_\d)"), f"_f{number}")
        for number, name in enumerate(sorted(named, key=lambda name: (-len(name), name)))
    ]


def _declaration(generator, kind, name, slot, index, uses):
    """The line that gives a placeholder its value at the start of the function."""
    pointer = f"_slots[{index}]"
    if kind == "p":
        return f"auto* {name} = static_cast<cppdynarray::ArrayPlace*>({pointer});"
    if kind == "a":
        variable = slot.value
        type = generator.type(variable)
        if isinstance(variable, DynamicArrayVariable):
            return f"{type}* const {name} = cppdynarray::brian2::rows_of<{type}>({uses['p']});"
        restrict = "" if variable.scalar or variable.size == 1 else generator.restrict
        return f"{type}* {restrict}const {name} = static_cast<{type}*>({pointer});"
    if kind == "n":
        if isinstance(slot.value, DynamicArrayVariable):
            return f"const std::int64_t {name} = cppdynarray::length_of({uses['p']});"
        return f"const std::int64_t {name} = *static_cast<const std::int64_t*>({pointer});"
    if kind == "r":
        return f"auto* {name} = static_cast<cppdynarray::brian2::RandomNumbers*>({pointer});"
    return f"void* const {name} = {pointer};"


def _function(generator, body, name, slots, numbers):
    """One function of the code: its body with the names that its slots get, and their values before it.

    `slots` is what the table holds so far, and `numbers` where; both are added to.
    """
    lines = []
    declared = {}

    def index_of(key, slot):
        if key not in numbers:
            numbers[key] = len(slots) + 1  # after the message
            slots.append(slot)
        return numbers[key]

    def declare(kind, number):
        if (kind, number) in declared:
            return declared[kind, number]
        slot = generator.slots[number]
        dynamic = slot.kind == "array" and isinstance(slot.value, DynamicArrayVariable)
        uses = {}
        if dynamic and kind in "an":
            uses["p"] = declare("p", number)
            index = index_of(("p", number), Slot("place", slot.value))
        elif dynamic:
            index = index_of(("p", number), Slot("place", slot.value))
        elif kind == "p":
            raise CannotRunNatively(f"{slot.value.name} doesn't grow")
        elif kind == "n":
            index = index_of((kind, number), Slot("length", slot.value))
        else:
            index = index_of((kind, number), slot)
        name = f"_{kind}{index}"
        declared[kind, number] = name
        lines.append(_declaration(generator, kind, name, slot, index, uses))
        return name

    body = _PLACEHOLDER.sub(lambda match: declare(match[1], int(match[2])), body)
    for identifier in dict.fromkeys(_IDENTIFIER.findall(body)):
        variable = generator.variables.get(identifier)
        if isinstance(variable, Constant):
            type = generator.c_data_type(np.asarray(variable.value).dtype)
            index = index_of(("constant", identifier), Slot("constant", np.asarray(variable.value)))
            lines.append(f"const {type} {identifier} = *static_cast<const {type}*>(_slots[{index}]);")
    text = "\n".join([*lines, body])
    return (
        f"static int {name}(void* const* _slots) {{\n"
        f"return cppdynarray::brian2::guarded(_slots, [&]() -> int {{\n{text}\nreturn 0;\n}});\n}}\n"
    )


def generate(device, codeobj_class, owner, name, abstract_code, variables, template_name, variable_indices,
             template_kwds=None, override_conditional_write=None):
    """
    The C++ of a code object; the arguments are those of Brian2's `Device.code_object`.

    Raises
    ------
    CannotRunNatively
        If there is something in it that only Python can do.
    """
    if not hasattr(templater, template_name):
        raise CannotRunNatively(f"there is no template for {template_name}")
    for variable in variables.values():
        if isinstance(variable, DynamicArrayVariable) and not isinstance(device.arrays[variable], DynamicArray):
            raise CannotRunNatively(f"{variable.name} is an array of Brian2's own")
    template = getattr(templater, template_name)
    variables = dict(variables)
    generator = DirectGenerator(
        variables=variables,
        variable_indices=variable_indices,
        owner=owner,
        iterate_all=template.iterate_all,
        codeobj_class=codeobj_class,
        override_conditional_write=override_conditional_write,
        allows_scalar_write=template.allows_scalar_write,
        name=name,
        template_name=template_name,
    )
    try:
        scalar_code, vector_code, kwds = generator.translate(abstract_code, dtype=prefs["core.default_float_dtype"])
    except KeyError as error:
        raise CannotRunNatively(f"no C++ implementation: {error}") from error
    kwds = {**(template_kwds or {}), **kwds}
    support, load = kwds.pop("_support"), kwds.pop("_load")
    code = template(
        scalar_code, vector_code, owner=owner, variables=variables, codeobj_name=name,
        variable_indices=variable_indices, **kwds,
    )
    slots, numbers = [], {}
    head = "\n".join(load)
    functions = [_function(generator, f"{head}\n{code.run}", "run", slots, numbers)]
    before = getattr(code, "before_run", "")
    if before.strip():
        functions.append(_function(generator, before, "before", slots, numbers))
    text = "\n".join([*support, *functions])
    for pattern, replacement in _anonymous_names(variables):
        text = pattern.sub(replacement, text)
    text = "\n".join(line for line in stripped_deindented_lines(text) if line)
    # Without what they are indented by: the compiler module puts lines that start so in front of all namespaces.
    includes = sorted({f"#include {line.partition('include')[2].strip()}" for line in _INCLUDE.findall(text)})
    if "CSpikeQueue" in text:
        includes.append('#include "spikequeue.h"')
    source = "\n".join([*includes, "", _INCLUDE.sub("", text), ""])
    return Generated(source, slots, before.strip())
