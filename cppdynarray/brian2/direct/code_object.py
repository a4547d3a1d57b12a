"""Code objects that are functions of a small library, called with a table of pointers."""

import copy
import os
import threading
import time
import weakref
from contextlib import contextmanager

import numpy as np
from brian2.codegen.codeobject import CodeObject
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.core.base import BrianObjectException
from brian2.core.names import find_name
from brian2.devices.device import all_devices, auto_target
from brian2.utils.logger import get_logger

from cppdynarray._core._handles import address_in
from cppdynarray.brian2 import recording
from cppdynarray.brian2.direct import compiler, queues
from cppdynarray.brian2.direct._calls import Call, Random
from cppdynarray.brian2.direct.generator import (
    CannotRunNatively,
    DirectGenerator,
    MadeBeforeError,
    generate,
    register_functions,
    templater,
)
from cppdynarray.brian2.direct.reporting import Compilation, record

__all__ = ["ChosenByAuto", "DirectCodeObject", "can_compile", "compile_all", "make"]

# A name below Brian2's own: what listens to its log, shows it and can suppress it, hears this too.
logger = get_logger("brian2.cppdynarray.direct")
# What functions that users write find included, as before; it takes the compiler longer than most models.
USUAL_INCLUDES = ("<algorithm>", "<cmath>", "<cstdio>", "<cstdlib>", "<math.h>", "<stdlib.h>", "<vector>")
# What is run once, or when somebody looks: to compile it well takes longer than it does.
ONCE = frozenset((
    "group_get_indices", "group_variable_get", "group_variable_get_conditional", "group_variable_set",
    "group_variable_set_conditional", "synapses_create_array", "synapses_create_generator",
))
# The code objects whose functions aren't there yet.
_pending = weakref.WeakSet()
_random = {}
made_before = set()  # the names of objects that were made before enable(), until the user is told
_compiling = threading.RLock()  # for _pending, and so that threads don't compile the same


_here = threading.local()  # `waiting` is what this thread's run has to do before its first step


@contextmanager
def collected_before():
    """A list that collects whose function for before_run has to be called, instead of calling each at once."""
    before, _here.waiting = getattr(_here, "waiting", None), []
    try:
        yield _here.waiting
    finally:
        _here.waiting = before


def _after_fork():
    global _compiling
    _compiling = threading.RLock()  # a thread that had it isn't here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

# A TimedValues of code_object.hpp.
_TIMED = np.dtype(
    [("values", np.uintp), ("rows", np.int64), ("columns", np.int64), ("epsilon", float), ("parts", float)]
)


def _random_numbers(name):
    """The device's buffer of rand or randn, which Brian2's Cython code takes its numbers from too."""
    if name not in _random:
        device = all_devices["runtime"]
        made = Random(
            getattr(device, f"{name}_buffer"), getattr(device, f"{name}_buffer_index"), getattr(np.random, name)
        )
        _random.setdefault(name, made)  # one for all threads: it knows whether the buffer is lent
    return _random[name]


class ChosenByAuto(CythonCodeObject):
    """What the target "auto" is while code is made directly; what can't be is left to what Brian2 finds."""


class DirectCodeObject(CodeObject):
    """
    A code object of plain C++.

    Its function is compiled together with all others that are missing, when the first of them is needed. If that
    fails, it is Brian2's own code object that runs in its place: `make_fallback` makes it.
    """

    templater = templater
    generator_class = DirectGenerator
    class_name = "cppdynarray"

    def __init__(self, device, owner, generated, variables, variable_indices, template_name, template_kwds, name,
                 make_fallback):
        super().__init__(
            owner, generated.source, variables, variable_indices, template_name, None, {}, name=name
        )
        self.device = device
        self.generated = generated
        self.make_fallback = make_fallback
        self.fallback = None
        self.options = tuple(sorted(generated.compiler_options.items()))
        self.key = compiler.key_of(generated.source, self.options)
        self.library = None
        self.call = None
        self.namespace = {"_owner": owner}
        self._events = (template_kwds or {}).get("eventspace_variable")
        self._places = {}
        with _compiling:
            _pending.add(self)
        record.made(name)

    def compile_block(self, block):
        """Nothing: `link` does it for all blocks."""

    run_block = compile_block

    # Slots

    def _addresses(self):
        """The addresses of the slots, and what has to live as long as they are used."""
        addresses, keep, outputs = [], [self.library], []
        for slot in self.generated.slots:
            if slot.kind == "place":
                self._places[slot.value] = self.device.arrays[slot.value]._data
                capsule = self.device.arrays[slot.value].get_capsule()
                address = address_in(capsule)
                keep.append(capsule)
            elif slot.kind == "random":
                address = _random_numbers(slot.value.name)
            elif slot.kind == "queue":
                queue = queues.of(slot.value, self.device.queue_of(slot.value))
                address = queue.address
                keep.append(queue)
            elif slot.kind == "output":
                outputs.append((len(addresses), slot.value))
                address = 0
            else:
                if slot.kind == "array":
                    array = self.device.arrays[slot.value]
                elif slot.kind == "length":
                    array = np.array(slot.value.get_len(), np.int64)
                elif slot.kind == "constant":
                    array = np.array(slot.value)
                elif slot.kind == "kept":
                    array = np.zeros((), slot.value[1])
                elif slot.kind == "count":
                    array = self._count = np.zeros((), np.int64)
                elif slot.kind == "timed":
                    values = slot.value.values
                    shape = (*values.shape, 1)[:2]
                    place = values.__array_interface__["data"][0]
                    array = np.array((place, *shape, slot.value.epsilon, slot.value.parts), _TIMED)
                    keep.append(values)
                else:
                    array = slot.value
                address = array.__array_interface__["data"][0]
                keep.append(array)
            addresses.append(address)
        return addresses, keep, outputs

    def _explain(self):
        """What makes exceptions say where they come from, and doesn't keep this object alive."""
        reference = weakref.ref(self)

        def explain(error):
            code_object = reference()
            if code_object is None:
                return error
            if isinstance(error, MemoryError):
                error = recording.why_no_room(code_object._places.values()) or error
            explained = BrianObjectException(
                f"An exception occurred during the execution of code object '{code_object.name}': {error}\n",
                code_object.owner,
            )
            explained.__cause__ = error
            return explained

        return explain

    def link(self):
        """Be ready to run: compile what is missing, find out where everything is. False if Brian2 has to run it."""
        if self.fallback is None and self.library is None:
            compile_all(self)
        if self.fallback is not None:
            return False
        if self.call is None or any(
            self.device.arrays[variable]._data is not array for variable, array in self._places.items()
        ):
            addresses, keep, self._outputs = self._addresses()
            address = compiler.address_of(self.library, self.key)
            self.call = Call(address, addresses, keep, self._explain())
            self._slots = addresses, keep
            self._compute_constants()
        return True

    def _compute_constants(self):
        """What is the same in all steps of a run."""
        if "constants" in self.generated.functions:
            self._call_of("constants")()

    def _call_of(self, function):
        addresses, keep = self._slots
        return Call(compiler.address_of(self.library, self.key, function), addresses, keep, self._explain())

    def fall_back(self, reason):
        """Let Brian2's own code object take this one's place."""
        record.fell_back(self.name, self.template_name, reason, was_native=True)
        self.fallback = self.make_fallback()
        self.call = None

    # What Brian2 calls

    def __call__(self, **kwds):
        if self.call is None or self._outputs:
            return self._call_slowly(**kwds)
        self.call()

    def _call_slowly(self, **kwds):
        if not self.link():
            return self.fallback(**kwds)
        if not self._outputs:
            return self.call()
        addresses, keep = self._slots
        (index, (dtype, variable)), = self._outputs
        length = len(variable.get_value()) if variable is not None else self.variables["N"].get_value()
        result = np.zeros(int(np.asarray(length).item()), dtype)
        addresses = list(addresses)
        addresses[index] = result.__array_interface__["data"][0]
        Call(compiler.address_of(self.library, self.key), addresses, keep, self._explain())()
        return result[: int(self._count)]

    def run(self):
        return self()

    def before_run(self):
        if self.fallback is not None:
            return self.fallback.before_run()
        if self.template_name == "synapses_push_spikes":
            try:
                self.namespace["_owner"].initialise_queue()
            except Exception as error:
                raise self._explain()(error) from error
        if self.call is not None:
            self._compute_constants()
        if "before" in self.generated.functions:
            waiting = getattr(_here, "waiting", None)
            if waiting is not None:
                waiting.append(self)
            else:
                self.run_before()

    def run_before(self):
        """Run the function for before_run."""
        if not self.link():
            return self.fallback.before_run()
        self._call_of("before")()

    def after_run(self):
        if self.fallback is not None:
            return self.fallback.after_run()
        if self.template_name == "threshold":
            # Whoever looks at the events between runs finds none.
            self._events.get_value()[int(np.asarray(self.variables["N"].get_value()).item())] = 0


def _options(variables):
    """The compiler keywords of the C++ implementations of functions."""
    options = {}
    seen = set()

    def add(function):
        if function in seen:
            return
        seen.add(function)
        implementation = function.implementations[DirectCodeObject]
        for key, values in (implementation.compiler_kwds or {}).items():
            options[key] = options.get(key, ()) + tuple(values)
        for dependency in (implementation.dependencies or {}).values():
            add(dependency)

    for variable in variables.values():
        if hasattr(variable, "implementations"):
            add(variable)
    headers = options.pop("headers", ())
    return options, "".join(f"#include {header}\n" for header in headers)


def make(device, brian2s_own, codeobj_class, owner, name, abstract_code, variables, template_name, variable_indices,
         template_kwds=None, override_conditional_write=None, compiler_kwds=None):
    """A code object of ours, or Brian2's own where there can be none. `brian2s_own` makes the latter."""
    name = find_name(name)

    def make_fallback():
        chosen, needed = codeobj_class, variables
        if chosen is ChosenByAuto:
            chosen = auto_target()
            needed = _with_those_of(chosen, device, template_name, owner, variables)
        return brian2s_own(
            name, abstract_code, needed, template_name, variable_indices, codeobj_class=chosen,
            template_kwds=template_kwds, override_conditional_write=override_conditional_write,
            compiler_kwds=compiler_kwds,
        )

    if codeobj_class not in (CythonCodeObject, ChosenByAuto):
        record.fell_back(name, template_name, f"runs as {codeobj_class.__name__}")
        return make_fallback()
    try:
        register_functions()
        generated = generate(
            device, DirectCodeObject, owner, name, abstract_code, variables, template_name,
            copy.copy(variable_indices), template_kwds, override_conditional_write,
        )
        generated.compiler_options, headers = _options(variables)
        generated.source = headers + generated.source
        if generated.from_users:
            generated.compiler_options["includes"] = USUAL_INCLUDES
        if template_name in ONCE:
            generated.compiler_options["once"] = (True,)
    except Exception as error:  # what's wrong with the model itself, Brian2 finds too
        if isinstance(error, MadeBeforeError):
            made_before.add(error.owner)
        reason = str(error) if isinstance(error, CannotRunNatively) else f"{type(error).__name__}: {error}"
        record.fell_back(name, template_name, (reason.splitlines() or [type(error).__name__])[0])
        return make_fallback()
    made = DirectCodeObject(
        device, owner, generated, dict(variables), variable_indices, template_name, template_kwds, name, make_fallback
    )
    if not compiler.is_available():
        made.library = compiler.compiled(made.key)
        if made.library is None:
            warn_of_no_compiler()
            record.fell_back(name, template_name, str(compiler.NoCompilerError()), was_native=True)
            return make_fallback()
        record.found += 1
    return made


def _with_those_of(codeobj_class, device, template_name, owner, variables):
    """These variables, and what else the template of another class uses."""
    known = dict(owner.variables)
    if "_queue_capsule" in variables:
        known["_queue"] = device.queue_of(variables["_queue_capsule"])
    template = getattr(codeobj_class.templater, template_name)
    return {name: known[name] for name in template.variables if name in known} | variables


def can_compile():
    """Whether there is a compiler, or code that was compiled where there was one; otherwise the user is told."""
    if compiler.is_available() or any(compiler.cache_directory().glob("*.entry")):
        return True
    warn_of_no_compiler()
    return False


def warn_of_no_compiler():
    record.no_compiler = True
    logger.warn(
        f"cppdynarray.brian2.direct runs nothing natively: {compiler.NoCompilerError()}. "
        "Install one, or set CC and CXX to one.",
        "no_compiler", once=True,
    )


def warn_of_what_was_made_before():
    """Tell of arrays that were Brian2's own already, once for all of them."""
    if made_before:
        names = ", ".join(f"'{name}'" for name in sorted(made_before))
        made_before.clear()
        logger.warn(
            f"What uses {names} is left to Brian2, because that was made before cppdynarray.brian2.direct.enable(): "
            "call it after the imports. print(cppdynarray.brian2.direct.report()) tells the rest.",
            "made_before_enable", once=True,
        )


def compile_all(wanted=None):
    """Find or compile the functions of all code objects that lack one; or of `wanted` and what has waited with it."""
    with _compiling:
        waiting = [each for each in list(_pending) if each.library is None and each.fallback is None]
        if wanted is not None and wanted not in waiting and wanted.library is None and wanted.fallback is None:
            waiting.append(wanted)
        _pending.clear()
        missing = {}
        for each in sorted(waiting, key=lambda each: each.name):
            each.library = compiler.compiled(each.key)
            if each.library is None:
                missing.setdefault(each.options, {}).setdefault(each.key, []).append(each)
            else:
                record.found += 1
        for options, of_key in missing.items():
            _compile(of_key, options)


def _compile(of_key, options):
    """Compile these functions; Brian2's own code takes the place of what the compiler refuses."""
    while of_key:
        try:
            return _compile_together(of_key, options)
        except compiler.NoCompilerError as error:
            return _refuse(of_key, str(error), error)
        except Exception as error:
            refused = [key for key in of_key if isinstance(error, compiler.CompileError) and error.is_about(key)]
            if not refused and len(of_key) > 1:  # it doesn't say which: look for it by halves
                keys = list(of_key)
                for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                    _compile({key: of_key[key] for key in half}, options)
                return
            refused = refused or list(of_key)
            said = str(error).strip() or type(error).__name__
            reason = next((line for line in said.splitlines() if "error:" in line), said.splitlines()[0])
            reason = f"compile error: {reason.rpartition('error:')[2].strip()}"
            _refuse({key: of_key[key] for key in refused}, reason, said)
            of_key = {key: objects for key, objects in of_key.items() if key not in refused}


def _compile_together(of_key, options):
    sources = {key: (each[0].generated.source, each[0].generated.functions) for key, each in of_key.items()}
    start = time.perf_counter()
    library, source_bytes = compiler.compile_functions(sources, options)
    seconds = time.perf_counter() - start
    names = tuple(each.name for objects in of_key.values() for each in objects)
    record.compilations.append(Compilation(names, seconds, source_bytes, library.size))
    for objects in of_key.values():
        for each in objects:
            each.library = library


def _refuse(of_key, reason, said):
    """Let Brian2's own code take their place, and say so."""
    objects = [each for objects in of_key.values() for each in objects]
    for each in objects:
        each.fall_back(reason)
    names = ", ".join(f"'{each.name}'" for each in objects)
    logger.warn(
        f"The C++ of {names} could not be compiled, so that Brian2's own code runs in its place. The compiler said:\n"
        f"{said}",
        "compile_error",
    )
