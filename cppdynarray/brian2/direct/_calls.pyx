# distutils: language = c++
"""Calls of the functions that cppdynarray.brian2.direct compiles: one of them, or many steps of a network."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer
from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, uint32_t, uintptr_t
from libc.stdio cimport snprintf

import numpy

cdef extern from "brian2/code_object.hpp" namespace "cppdynarray::brian2" nogil:
    enum Outcome "cppdynarray::brian2::Outcome":
        no_memory "cppdynarray::brian2::no_memory"
        bad_index "cppdynarray::brian2::bad_index"
        division_by_zero "cppdynarray::brian2::division_by_zero"

    ctypedef struct Support:
        char[256] text
        int (*print)(char*, size_t, const char*, ...) noexcept
        Outcome (*caught)(Support*) noexcept

    ctypedef struct SpikeQueue:
        void* queue
        void (*push)(void*, const int32_t*, int32_t) noexcept
        const int32_t* (*due)(void*, int64_t*) noexcept
        void (*advance)(void*) noexcept

    ctypedef struct RandomNumbers:
        double* numbers
        int32_t* next
        int32_t size
        void (*refill)(RandomNumbers*) noexcept nogil

cdef extern from "brian2/brian2_queue.hpp" namespace "cppdynarray::brian2" nogil:
    void push_spikes(void*, const int32_t*, int32_t) noexcept
    const int32_t* due_synapses(void*, int64_t*) noexcept
    void advance_queue(void*) noexcept

cdef extern from "brian2/mersenne_twister.hpp" namespace "cppdynarray::brian2" nogil:
    cppclass MersenneTwister:
        uint32_t[624] key
        int used

    void draw(MersenneTwister&, double*, int64_t) noexcept

cdef extern from * nogil:
    """
    #include <chrono>
    #include <cstdio>
    #include <exception>
    #include <new>
    #ifdef __GLIBCXX__
    #include <cxxabi.h>
    #endif

    static cppdynarray::brian2::Outcome caught(cppdynarray::brian2::Support* support) {
        using namespace cppdynarray::brian2;
        try {
            throw;
        } catch (const std::bad_alloc&) {
            return no_memory;
        } catch (const std::exception& error) {
            std::snprintf(support->text, sizeof support->text, "%s", error.what());
    #ifdef __GLIBCXX__
        } catch (const abi::__forced_unwind&) {
            throw;  // how an interpreter that is gone ends its threads
    #endif
        } catch (...) {
            std::snprintf(support->text, sizeof support->text, "a C++ exception");
        }
        return failed;
    }
    static inline double seconds_now() noexcept {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    """
    double seconds_now() noexcept
    Outcome caught(Support*) noexcept

ctypedef int (*Function)(void**) noexcept nogil


cdef struct DrawnNumbers:
    RandomNumbers base  # first: its address is that of the whole
    void* owner


cdef void refill(RandomNumbers* numbers) noexcept with gil:
    (<Random>(<DrawnNumbers*>numbers).owner).fill()


cdef MersenneTwister* state_of(generator) except? NULL:
    """Where NumPy keeps the state of a numpy.random.MT19937; NULL if it isn't laid out as MersenneTwister."""
    cdef uintptr_t address = generator.ctypes.state_address
    cdef MersenneTwister* state = <MersenneTwister*>address
    with generator.lock:
        told = generator.state["state"]
        if state.used == told["pos"] and numpy.array_equal(<uint32_t[:624]>state.key, told["key"]):
            return state
    return NULL


cdef class Random:
    """
    Random numbers for compiled functions, from the buffers of Brian2's device.

    Parameters
    ----------
    buffer, index : numpy.ndarray
        Numbers that were drawn, and how many of them are used up.
    draw : callable
        Gives as many as it is asked for.

    Notes
    -----
    What ``numpy.random.rand`` gives is drawn by code of our own, in less than a third of the time: from NumPy's state,
    which goes on as if NumPy had drawn.
    """

    cdef DrawnNumbers numbers
    cdef readonly object buffer, index, draw
    cdef object generator  # the one that numbers were drawn from last
    cdef MersenneTwister* state  # its state; NULL if that isn't known
    cdef bint lent  # to a call under way; read and written with the GIL

    def __init__(self, buffer, index, draw):
        cdef double[::1] numbers = buffer
        cdef int32_t[::1] next = index
        self.buffer, self.index, self.draw = buffer, index, draw
        self.numbers.base.numbers = &numbers[0]
        self.numbers.base.next = &next[0]
        self.numbers.base.size = numbers.shape[0]
        self.numbers.base.refill = refill
        self.numbers.owner = <void*>self

    cpdef int fill(self) except -1:
        """Draw as many as the buffer has."""
        generator = None
        if getattr(self.draw, "__name__", "") == "rand":
            generator = getattr(getattr(self.draw, "__self__", None), "_bit_generator", None)
        if generator is not self.generator:  # the first time, or after numpy.random.set_bit_generator
            self.state = state_of(generator) if type(generator) is numpy.random.MT19937 else NULL
            self.generator = generator
        if self.state is NULL:
            self.buffer[:] = self.draw(self.numbers.base.size)
            return 0
        with generator.lock:
            draw(self.state[0], self.numbers.base.numbers, self.numbers.base.size)
        return 0

    cdef Random another(self):
        """Memory of its own for numbers from the same source."""
        return Random(numpy.empty_like(self.buffer), numpy.zeros_like(self.index), self.draw)


cdef class Loan:
    """
    The random numbers of some calls while they are under way.

    Who comes while they are lent gets memory of its own, so that nobody waits and no number is given twice: what one
    thread draws is what Brian2's Cython code would draw.
    """

    cdef list uses  # (address of a slot, Random)
    cdef list taken
    cdef dict own

    def __init__(self, uses):
        self.uses, self.taken, self.own = list(uses), [], {}

    cdef int take(self) except -1:
        cdef Random random
        cdef uintptr_t slot
        for slot, random in self.uses:
            if not random.lent:
                self.taken.append(random)
                random.lent = True
            elif random not in self.taken:
                if random not in self.own:
                    self.own[random] = random.another()
                random = self.own[random]
            (<void**>slot)[0] = &random.numbers
        return 0

    cdef int give_back(self) except -1:
        cdef Random random
        for random in self.taken:
            random.lent = False
        self.taken.clear()
        return 0


cdef class Queue:
    """
    A queue of Brian2's for compiled functions.

    Parameters
    ----------
    capsule : object
        Brian2's, which keeps nothing alive.
    keep : object
        What does.
    functions : tuple of int, optional
        The addresses of push, due and advance, where ours don't know how Brian2's queue is laid out.
    """

    cdef SpikeQueue spikes
    cdef object keep

    def __init__(self, capsule, keep, functions=None):
        self.keep = (capsule, keep)
        self.spikes.queue = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))
        self.spikes.push, self.spikes.due, self.spikes.advance = push_spikes, due_synapses, advance_queue
        if functions is not None:
            push, due, advance = functions
            self.spikes.push = <void (*)(void*, const int32_t*, int32_t) noexcept nogil><void*><uintptr_t>push
            self.spikes.due = <const int32_t* (*)(void*, int64_t*) noexcept nogil><void*><uintptr_t>due
            self.spikes.advance = <void (*)(void*) noexcept nogil><void*><uintptr_t>advance

    @property
    def address(self):
        return <uintptr_t>&self.spikes


cdef class Call:
    """
    A compiled function with what it works on.

    Parameters
    ----------
    function : int
        The address of an ``int f(void* const* slots)``.
    slots : list of int or Random
        What the slots from the second on lead to: addresses, and where random numbers come from.
    keep : object
        What has to live as long as this does.
    explain : callable
        Takes an exception and gives the one to raise.
    """

    cdef Function function
    cdef void** slots
    cdef Support support
    cdef object keep, explain
    cdef list uses
    cdef Loan loan  # None if it needs no random numbers

    def __cinit__(self, uintptr_t function, list slots, keep, explain):
        cdef Py_ssize_t i
        self.slots = <void**>PyMem_Calloc(len(slots) + 1, sizeof(void*))
        if self.slots == NULL:
            raise MemoryError
        self.function = <Function>function
        self.support.print, self.support.caught = snprintf, caught
        self.slots[0] = &self.support
        self.uses = []
        for i, slot in enumerate(slots, 1):
            if isinstance(slot, Random):
                self.uses.append((<uintptr_t>&self.slots[i], slot))
            else:
                self.slots[i] = <void*><uintptr_t>slot
        self.keep, self.explain = (keep, slots), explain
        self.loan = Loan(self.uses) if self.uses else None

    def __dealloc__(self):
        PyMem_Free(self.slots)

    def __call__(self):
        if self.loan is not None:
            self.loan.take()
        cdef int outcome = self.function(self.slots)
        if self.loan is not None:
            self.loan.give_back()
        if outcome != 0:
            self.fail(outcome)

    cdef int fail(self, int outcome) except -1:
        text = self.support.text.decode(errors="replace")
        if outcome == no_memory:
            error = MemoryError("no memory for a growing array")
        elif outcome == bad_index:
            error = IndexError(text)
        elif outcome == division_by_zero:
            error = ZeroDivisionError(text)
        else:
            error = RuntimeError(text)
        explained = self.explain(error)
        raise explained from explained.__cause__ or error


cdef struct Task:
    Function function
    void** slots
    int clock


cdef struct ClockState:
    int64_t* timestep
    double* t
    double* dt
    int64_t end
    int objects  # that Python calls when this clock is due
    bint due


cdef class Steps:
    """
    The steps of a network, or of a row of its objects.

    Parameters
    ----------
    calls : list of (Call, int)
        In their order within a step, with the numbers of their clocks.
    clocks : list of (timestep, t, dt, end, objects), optional
        What the clocks are made of, and how many objects' ``run`` this is. Without clocks a call is one step, in which
        all calls are made. With clocks a call makes as many steps as fit, and moves the clocks on; it is the ``run`` of
        every object, of which the first one's does the work.
    slice : float, optional
        After how many seconds to return.
    """

    cdef Task* tasks
    cdef ClockState* clocks
    cdef Py_ssize_t task_count, clock_count
    cdef int waiting  # calls that belong to a step that was made already
    cdef readonly int64_t steps
    cdef double slice, epsilon
    cdef object keep
    cdef Loan loan  # None if no call needs random numbers

    def __cinit__(self, list calls, list clocks=None, double slice=0.02, double epsilon=1e-4):
        cdef Call call
        cdef int64_t[::1] timestep
        cdef double[::1] t, dt
        cdef Py_ssize_t i
        clocks = clocks or []
        self.task_count, self.clock_count = len(calls), len(clocks)
        self.tasks = <Task*>PyMem_Calloc(max(1, len(calls)), sizeof(Task))
        self.clocks = <ClockState*>PyMem_Calloc(max(1, len(clocks)), sizeof(ClockState))
        if self.tasks == NULL or self.clocks == NULL:
            raise MemoryError
        for i, (call, clock) in enumerate(calls):
            self.tasks[i] = Task(call.function, call.slots, clock)
        for i, (timestep, t, dt, end, objects) in enumerate(clocks):
            self.clocks[i] = ClockState(&timestep[0], &t[0], &dt[0], end, objects, False)
        self.slice, self.epsilon = slice, epsilon
        self.keep = (calls, clocks)
        uses = [use for call, _ in calls for use in (<Call>call).uses]
        self.loan = Loan(uses) if uses else None

    def __dealloc__(self):
        PyMem_Free(self.tasks)
        PyMem_Free(self.clocks)

    def __call__(self):
        cdef int outcome
        cdef Py_ssize_t failed = 0
        cdef Call call
        if self.clock_count > 0:
            if self.waiting > 0:
                self.waiting -= 1
                return
            self.waiting = 0
            if not self.find_due():
                return
            self.waiting = self.objects_due() - 1
        if self.loan is not None:
            self.loan.take()
        if self.clock_count == 0:
            self.steps += 1
            outcome = self.one_step(&failed)
        else:
            with nogil:
                outcome = self.many_steps(&failed)
        if self.loan is not None:
            self.loan.give_back()
        if outcome != 0:
            call = self.keep[0][failed][0]
            call.fail(outcome)

    cdef int one_step(self, Py_ssize_t* failed) noexcept nogil:
        cdef Py_ssize_t i
        cdef int outcome
        for i in range(self.task_count):
            if self.clock_count > 1 and not self.clocks[self.tasks[i].clock].due:
                continue
            outcome = self.tasks[i].function(self.tasks[i].slots)
            if outcome != 0:
                failed[0] = i
                return outcome
        return 0

    cdef bint find_due(self) noexcept nogil:
        """Which clocks are due, as Network._nextclocks finds it; False at the end of the run."""
        cdef Py_ssize_t i
        cdef ClockState* first = &self.clocks[0]
        cdef ClockState* clock
        for i in range(1, self.clock_count):
            if self.clocks[i].t[0] < first.t[0]:
                first = &self.clocks[i]
        if first.timestep[0] >= first.end:
            return False
        for i in range(self.clock_count):
            clock = &self.clocks[i]
            clock.due = fabs(clock.t[0] - first.t[0]) / min(clock.dt[0], first.dt[0]) < self.epsilon
        return True

    cdef int objects_due(self) noexcept nogil:
        cdef Py_ssize_t i
        cdef int count = 0
        for i in range(self.clock_count):
            if self.clocks[i].due:
                count += self.clocks[i].objects
        return count

    cdef int many_steps(self, Py_ssize_t* failed) noexcept nogil:
        """Steps until the time or the run is over; find_due() was called for the first of them."""
        cdef double last = seconds_now(), end = last + self.slice, now
        cdef int between = 1, done = 0, outcome
        cdef Py_ssize_t i
        cdef ClockState* clock
        while True:
            outcome = self.one_step(failed)
            if outcome != 0:
                return outcome
            self.steps += 1
            for i in range(self.clock_count):
                clock = &self.clocks[i]
                if clock.due:
                    clock.timestep[0] += 1
                    clock.t[0] = clock.timestep[0] * clock.dt[0]
            if not self.find_due():
                return 0
            done += 1
            if done == between:  # short steps don't look at the time every time
                now = seconds_now()
                if now >= end:
                    return 0
                if now - last < 1e-4:
                    between = min(2 * between, 64)
                elif now - last > 1e-3:
                    between = max(1, between // 2)
                last, done = now, 0


def nothing(*args):
    """The run of an object whose work another's does."""
