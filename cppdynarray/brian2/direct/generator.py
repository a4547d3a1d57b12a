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
from brian2.input.binomial import BinomialFunction
from brian2.input.timedarray import TimedArray, _find_K
from brian2.parsing.rendering import CPPNodeRenderer, NodeRenderer
from brian2.utils.stringtools import deindent, stripped_deindented_lines, word_substitute

from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["CannotRunNatively", "Generated", "MadeBeforeError", "generate", "register_functions"]


class CannotRunNatively(Exception):
    """Why some code is left to Cython."""


class MadeBeforeError(CannotRunNatively):
    """An object was made before arrays were ours."""

    def __init__(self, variable):
        self.owner = getattr(variable.owner, "name", variable.name)
        super().__init__(f"{variable.name} of {self.owner} is an array of Brian2's own, made before enable()")


@dataclass(frozen=True)
class Slot:
    """What one pointer of a function's table leads to."""

    # "array", "place", "length", "constant", "kept", "values", "timed", "random", "queue", "output" or "count"
    kind: str
    value: object = None


@dataclass(frozen=True, eq=False)
class Timed:
    """A TimedArray for code with this time step: a TimedValues of code_object.hpp."""

    values: np.ndarray
    epsilon: float
    parts: float


@dataclass
class Generated:
    """The C++ of a code object, in which nothing has a name of the model's, and what its slots are."""

    source: str
    slots: list
    functions: tuple = ("run",)  # also "before", for before_run, and "constants"; all take the same slots
    from_users: bool = False  # some of it was written by users, who count on headers
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
_PLACEHOLDER = re.compile(r"\b_([apncqok])(\d+)_\b")
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

    def is_elementwise(self):
        """Whether what the code says of an element is of that element alone."""
        return all(
            self.variable_indices[name] in ("_idx", "0")
            for name, variable in self.variables.items() if isinstance(variable, ArrayVariable)
        )

    def type(self, variable):
        """The C++ type of an array's elements."""
        return self.c_data_type(variable.dtype)

    def constant(self, value):
        """A number that is not of the model's text."""
        return f"_c{self._number('constant', np.asarray(value))}_"

    def kept(self, name, dtype):
        """What the function "constants" computes, for the others to read."""
        return f"_k{self._number('kept', (name, np.dtype(dtype)))}_"

    def queue(self, name):
        """The SpikeQueue* for the capsule that is the value of a variable."""
        return f"_q{self._number('queue', self.variables[name])}_"

    def output(self, dtype, variable=None):
        """A new array, of as many elements as `variable` has, or N; and where to put how many there are."""
        dtype = np.dtype(dtype)
        number = self._number("output", (dtype, variable))
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
        self.functions = Functions(self)
        for name, variable in sorted(self.variables.items()):
            if isinstance(variable, Function):
                self.functions.add(name, variable)
        return {"_code": self}


class Functions:
    """
    The texts of the functions that a code object uses.

    Those that need something at each call (random numbers, values, other functions that do) become members of a
    structure which is made for the call and has that; the others stay as they are.
    """

    def __init__(self, generator):
        self.generator = generator
        self.free, self.members, self.fields = [], [], []
        self.from_users = False  # then there are headers that they may count on
        self._has_fields = {}  # what was added, and whether it is a member

    def add(self, name, function):
        """Add a function and, before it, those that it calls. Whether it is a member."""
        if function not in self._has_fields:
            self._has_fields[function] = False
            self._has_fields[function] = self._add(name, function)
        return self._has_fields[function]

    def _add(self, name, function):
        generator = self.generator
        implementation = function.implementations[generator.codeobj_class]
        dependencies = implementation.dependencies or {}
        is_member = any([self.add(*each) for each in dependencies.items()])
        if type(function) is TimedArray:
            self._add_timed_array(implementation, function)
            return True
        text = implementation.get_code(generator.owner)
        if text is None:
            return is_member
        if isinstance(text, str):
            text = {"support_code": text}
        elif not isinstance(text, dict):
            raise CannotRunNatively(f"function {name} has no C++ text")
        fields = list((implementation.get_namespace(generator.owner) or {}).items())
        for key, value in fields:
            self.fields.append(self._field(name, key, value))
        is_member = is_member or bool(fields)
        self.from_users |= function not in DEFAULT_FUNCTIONS.values() and type(function) is not BinomialFunction
        names = {}
        for dependency_name, dependency in dependencies.items():
            called = dependency.implementations[generator.codeobj_class].name or dependency.pyfunc.__name__
            names[dependency_name] = called
        names = {old: new for old, new in names.items() if old != new}
        for part in ("hashdefine_code", "support_code"):
            part = word_substitute(deindent(text.get(part, "") or ""), names)
            part = _ABSOLUTE.sub("cppdynarray::brian2::absolute", part)
            if type(function) is BinomialFunction:
                part = self._with_fields_for_numbers(part)
            if part.strip():
                (self.members if is_member else self.free).append(_as_member(name, part) if is_member else part)
        return is_member

    def _field(self, name, key, value):
        """The declaration of what a function has in its namespace, with its slot as its value."""
        if isinstance(value, RandomSource):
            return f"cppdynarray::brian2::RandomNumbers* _namespace{key}", Slot("random", value)
        if isinstance(value, np.ndarray) and value.ndim and value.flags.c_contiguous:
            return f"{self.generator.c_data_type(value.dtype)}* _namespace{key}", Slot("values", value)
        raise CannotRunNatively(f"function {name} uses {key}, which is a Python object")

    def _add_timed_array(self, implementation, function):
        (values,) = implementation.get_namespace(self.generator.owner).values()
        values = np.ascontiguousarray(values).reshape(np.shape(function.values))
        parts = float(_find_K(self.generator.owner.clock.dt_, function.dt))
        # As the number is written into Brian2's code.
        timed = Timed(values, float(f"{function.dt:.18f}") / parts, parts)
        field = f"_timed_{function.name}"
        self.fields.append((f"const cppdynarray::brian2::TimedValues* {field}", Slot("timed", timed)))
        more = ", int _i" if values.ndim > 1 else ""
        self.members.append(
            f"double {implementation.name}(double _t{more}) const {{ "
            f"return cppdynarray::brian2::value_at({field}, _t{more.replace('int ', '')}); }}"
        )

    def _with_fields_for_numbers(self, text):
        """The text of a function that Brian2 writes a distribution's parameters into."""

        def field(match):
            value = float(match[0]) if "." in match[0] else int(match[0])
            name = f"_number{len(self.fields)}_"
            type = self.generator.c_data_type(np.asarray(value).dtype)
            self.fields.append((f"const {type}* {name}", Slot("constant", np.asarray(value))))
            return f"(*{name})"

        return _PARAMETER.sub(field, text)


# `abs` is std::abs where a program includes what makes it so.
_ABSOLUTE = re.compile(r"(?<![\w:.])(?:std::)?abs\b")
# A number with all of its decimals, or the count in `5-X`.
_PARAMETER = re.compile(r"(?<![\w.])-?\d+\.\d{15}(?![\w.])|(?<![\w.])\d+(?=-X)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*", re.DOTALL | re.MULTILINE)
_HARMLESS = re.compile(r"\s*(using|typedef|struct|class|enum|template|$)|.*\)\s*(const|noexcept)?\s*$", re.DOTALL)


def _as_member(name, text):
    """
    The text of functions as members of a structure.

    A variable beside them would be made anew for each call: that is nothing we can do.
    """
    outside, depth = [], 0
    for part in re.split(r"([{}])", text):
        depth += {"{": 1, "}": -1}.get(part, 0)
        if part in "{}":
            outside.append(part if depth == (part == "{") else "")
        elif depth == 0:
            outside.append(part)
        else:
            outside.append(None)
    heads = "".join(";" if part in ("{", "}") else part or "" for part in outside)
    for statement in _COMMENT.sub("", heads).split(";"):
        if not _HARMLESS.match(statement):
            raise CannotRunNatively(f"function {name} has a variable of its own beside what it was given")
    parts = re.split(r"([{}])", text)
    return "".join(
        part if known is None or part in "{}" else re.sub(r"\bstatic\b", "", part)
        for part, known in zip(parts, outside, strict=True)
    )


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
                f"double _{name}(int) {{ return cppdynarray::brian2::take(_namespace_{name}_numbers); }}",
                namespace={f"_{name}_numbers": RandomSource(name)},
                name=f"_{name}",
            )


# Not named .cpp alone: tools that format C++ would take them for it, and break them.
templater = Templater("cppdynarray.brian2.direct", ".cpp.jinja")


def _with_anonymous_names(text, variables):
    """Other names for what is named after an object, so that the same model has the same text."""
    functions = {v.name for v in variables.values() if isinstance(v, Function) and isinstance(v, Nameable)}
    text = _numbered(text, functions, r"(?<![A-Za-z0-9])({})(?![A-Za-z0-9]|_\d)", "_f")
    owners = {getattr(getattr(variable, "owner", None), "name", None) for variable in variables.values()} - {None}
    # What a monitor's subexpressions refer to: __source_part_neurons_v.
    return _numbered(text, owners, r"(?<=\b__)(\w+_)({})(?=_\w)", "o", 2)


def _numbered(text, names, pattern, prefix, group=1):
    """The text with numbers for names where the pattern finds them, in the order in which they come."""
    if not names:
        return text
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    numbers = {}

    def other(match):
        return "".join(match.groups()[: group - 1]) + f"{prefix}{numbers.setdefault(match[group], len(numbers))}"

    return re.sub(pattern.format(either), other, text)


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
        restrict = "" if variable.scalar else generator.restrict
        return f"{type}* {restrict}const {name} = static_cast<{type}*>({pointer});"
    if kind == "n":
        if isinstance(slot.value, DynamicArrayVariable):
            return f"const std::int64_t {name} = cppdynarray::length_of({uses['p']});"
        return f"const std::int64_t {name} = *static_cast<const std::int64_t*>({pointer});"
    if kind == "c":
        type = generator.c_data_type(slot.value.dtype)
        return f"const {type} {name} = *static_cast<const {type}*>({pointer});"
    if kind == "k":
        type = generator.c_data_type(slot.value[1])
        return f"{type}& {name} = *static_cast<{type}*>({pointer});"
    if kind == "q":
        return f"const auto* {name} = static_cast<const cppdynarray::brian2::SpikeQueue*>({pointer});"
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
    return "\n".join([f"int {name}() {{", *lines, body, "return 0;\n}"])


# What Brian2 writes into a model's text itself: arguments of connect(), the weight of a PoissonInput, `refractory`.
_ARGUMENT = re.compile(
    r"\b_(?:iter_p|iter_size|n) = (?P<argument>{0})(?=;)"
    r"|\b_timestep\((?P<time>{0})(?=, dt\))"
    r"|(?<![\w.])(?P<weight>{0})(?= \* poissoninput_binomial)".format(r"[0-9][0-9.]*(?:e[+-]?[0-9]+)?")
)


def _with_parameters(generator, line):
    """A line of code in which such numbers come through slots."""

    def constant(match):
        number = match[match.lastgroup]
        value = int(number) if number.isdigit() else float(number)
        return match[0].removesuffix(number) + generator.constant(value)

    return _ARGUMENT.sub(constant, line)


# Templates whose code runs in the steps of a network, after before_run.
EACH_STEP = frozenset(("reset", "stateupdate", "summed_variable", "synapses", "threshold"))
_DEFINITION = re.compile(r"const (?P<type>\w+) (?P<name>\w+) = (?P<value>.*);$")
# What a constant may be made with.
_PURE = frozenset("""
    cppdynarray brian2 divide power floor_divide modulo absolute exp expm1 log log1p log10 sqrt sin cos tan sinh cosh
    tanh asin acos atan floor ceil _timestep _exprel
""".split())


def _move_constants(generator, scalar_code):
    """
    Take what is the same in each step of a run, such as exp(-dt/tau), out of the code for a step.

    The code for the function "constants", which is called when a run begins.
    """
    known, moved = {}, []
    for block, lines in scalar_code.items():
        for number, line in enumerate(lines):
            found = _DEFINITION.match(line)
            if not found:
                continue
            name, value = found["name"], found["value"]
            variable = generator.variables.get(name)
            if isinstance(variable, ArrayVariable):  # `dt` is read from its clock
                if variable.constant and variable.scalar:
                    known[name] = line
                continue
            used = dict.fromkeys(_IDENTIFIER.findall(_NUMBER.sub("", value)))
            if "(" not in value or not all(
                each in _PURE or each in known or _PLACEHOLDER.fullmatch(each)
                or isinstance(generator.variables.get(each), Constant) for each in used
            ):
                continue
            kept = generator.kept(f"{block}.{name}", _DTYPES.get(found["type"], np.float64))
            moved += [known[each] for each in used if each in known and known[each] not in moved]
            moved.append(f"const {found['type']} {name} = {value};\n{kept} = {name};")
            known[name] = moved[-1]
            lines[number] = f"const {found['type']} {name} = {kept};"
    return "\n".join(moved)


_NUMBER = re.compile(r"(?<![\w.])[0-9][0-9.]*(e[+-]?\d+)?")
_DTYPES = {"int64_t": np.int64, "int32_t": np.int32, "float": np.float32, "char": np.int8}


def _structure(functions, bodies, slots):
    """The structure that is made for a call, and the functions that make it."""
    fields = ["void* const* _slots;"]
    for declaration, slot in functions.fields:
        slots.append(slot)
        type = declaration.rpartition(" ")[0]
        fields.append(f"{declaration} = static_cast<{type}>(_slots[{len(slots)}]);")
    calls = [
        f"static int {name}(void* const* _slots) {{\n"
        f"return cppdynarray::brian2::guarded(_slots, [&] {{ return Code{{_slots}}.{name}(); }});\n}}"
        for name in bodies
    ]
    return "\n".join(["struct Code {", *fields, *functions.members, *bodies.values(), "};", *calls])


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
            raise MadeBeforeError(variable)
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
    for code in (scalar_code, vector_code):
        for block, code_lines in code.items():
            code[block] = [_with_parameters(generator, line) for line in code_lines]
    constants = _move_constants(generator, scalar_code) if template_name in EACH_STEP else ""
    code = template(
        scalar_code, vector_code, owner=owner, variables=variables, codeobj_name=name,
        variable_indices=variable_indices, **kwds,
    )
    slots, numbers = [], {}
    bodies = {"run": _function(generator, code.run, "run", slots, numbers)}
    before = getattr(code, "before_run", "")
    if before.strip():
        bodies["before"] = _function(generator, before, "before", slots, numbers)
    if constants:
        bodies["constants"] = _function(generator, constants, "constants", slots, numbers)
    functions = generator.functions
    text = "\n".join([*functions.free, _structure(functions, bodies, slots)])
    text = _with_anonymous_names(text, variables)
    text = "\n".join(line for line in stripped_deindented_lines(text) if line)
    # Without what they are indented by: the compiler module puts lines that start so in front of all namespaces.
    includes = sorted({f"#include {line.partition('include')[2].strip()}" for line in _INCLUDE.findall(text)})
    source = "\n".join([*includes, "", _INCLUDE.sub("", text), ""])
    return Generated(source, slots, tuple(bodies), functions.from_users)
