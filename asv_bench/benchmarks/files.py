"""
Arrays on files: appending, opening, following, and handing blocks to another process.

"cpp" is `cda.open_memmap`, "memory" a DynamicArray of new memory, to see what the file costs. The others are
what people use today, each as those who know it well write it; "final size" ones are told beforehand how
much will come, and can't grow. Files are made anew in `setup`, so the first touch of their pages is timed
for all alike; nothing waits for the disk. "npy-append-array, header at the end" and "PyTables, buffered" are
what these libraries offer to those who can lose rows when the process is killed; the other "buffered" ones are what
such users write by hand.

What takes 10 us a row and more is called fewer times: times are compared by the row.
"""

import os
import shutil
import struct
import sys
import tempfile
from importlib import import_module

import numpy as np

import cppdynarray as cda

from .common import forget

BLOCK = 1024  # float64: 8 kB


def imported(name):
    try:
        return import_module(name)
    except ImportError:
        raise NotImplementedError(f"{name} is not installed") from None


class Folder:
    """A directory for files, which goes with this object."""

    def __init__(self, where=None):
        self.path = tempfile.mkdtemp(dir=where)

    def file(self, name):
        return os.path.join(self.path, name)

    def __del__(self, rmtree=shutil.rmtree):
        rmtree(self.path, ignore_errors=True)


class Way:
    """Made with a folder and the number of rows to come; has append(x), extend(block) and close()."""

    def fill(self, values):
        """Appends values as they come, one by one; each way as it is written in a loop."""
        append = self.append
        for x in values:
            append(x)


class Growing(Way):
    def __init__(self, folder, rows):
        self.array = cda.open_memmap(folder.file("a.npy"), "w+")
        self.append, self.extend, self.close = self.array.append, self.array.extend, self.array.close


class Memory(Way):
    def __init__(self, folder, rows):
        forget()
        self.array = cda.DynamicArray()
        self.append, self.extend = self.array.append, self.array.extend

    def close(self):
        pass


class FinalSize(Way):
    """numpy.lib.format.open_memmap of the final size."""

    def __init__(self, folder, rows):
        self.array = np.lib.format.open_memmap(folder.file("a.npy"), "w+", np.float64, (rows,))
        self.count = 0

    def fill(self, values):
        array = self.array
        for n, x in enumerate(values):
            array[n] = x

    def extend(self, block):
        end = self.count + len(block)
        self.array[self.count : end] = block
        self.count = end

    def close(self):
        pass


class Memmap(FinalSize):
    """np.memmap of the final size: bytes alone."""

    def __init__(self, folder, rows):
        self.array = np.memmap(folder.file("a.bin"), np.float64, "w+", shape=(rows,))
        self.count = 0


class Doubled(FinalSize):
    """np.memmap behind a header, mapped again with twice the rows when they are used up."""

    def __init__(self, folder, rows):
        self.path, self.count = folder.file("a.bin"), 0
        self.array = np.memmap(self.path, np.float64, "w+", 128, shape=(1024,))

    def room(self, rows):
        if rows > len(self.array):
            capacity = max(rows, 2 * len(self.array))
            os.truncate(self.path, 128 + 8 * capacity)
            self.array = np.memmap(self.path, np.float64, "r+", 128, shape=(capacity,))

    def fill(self, values):
        array, room = self.array, len(self.array)
        for n, x in enumerate(values):
            if n == room:
                self.room(n + 1)
                array, room = self.array, len(self.array)
            array[n] = x

    def extend(self, block):
        self.room(self.count + len(block))
        super().extend(block)


class Raw(Way):
    """write(2): bytes alone, and as safe from a kill as ours."""

    def __init__(self, folder, rows):
        self.file = open(folder.file("a.bin"), "wb", buffering=0)
        self.extend, self.close, self.pack = self.file.write, self.file.close, struct.Struct("d").pack

    def fill(self, values):
        write, pack = self.file.write, self.pack
        for x in values:
            write(pack(x))


class AppendArray(Way):
    at_each = True

    def __init__(self, folder, rows):
        library = imported("npy_append_array")
        self.file = library.NpyAppendArray(
            folder.file("a.npy"), delete_if_exists=True, rewrite_header_on_append=self.at_each
        )
        self.extend, self.close = self.file.append, self.file.close

    def append(self, x):
        self.file.append(np.array([x]))


class AppendArrayLate(AppendArray):
    at_each = False


class HDF5(Way):
    """A chunked dataset that is made longer by 64 Ki rows at a time."""

    step = 65_536

    def __init__(self, folder, rows):
        self.file = imported("h5py").File(folder.file("a.h5"), "w", libver="latest")
        self.data = self.file.create_dataset("a", (0,), "f8", maxshape=(None,), chunks=(8192,))
        self.count = self.room = 0

    def grow(self, rows):
        if rows > self.room:
            self.room = max(rows, self.room + self.step)
            self.data.resize(self.room, axis=0)

    def append(self, x):
        self.grow(self.count + 1)
        self.data[self.count] = x
        self.count += 1

    def extend(self, block):
        end = self.count + len(block)
        self.grow(end)
        self.data[self.count : end] = block
        self.count = end

    def close(self):
        self.data.resize(self.count, axis=0)
        self.file.close()


class PyTables(Way):
    def __init__(self, folder, rows):
        tables = imported("tables")
        self.file = tables.open_file(folder.file("a.h5"), "w")
        self.data = self.file.create_earray(self.file.root, "a", tables.Float64Atom(), (0,), expectedrows=rows)
        self.extend, self.close = self.data.append, self.file.close

    def append(self, x):
        self.data.append([x])


class PyTablesBuffered(Way):
    """A table's rows, which PyTables gathers before it writes."""

    def __init__(self, folder, rows):
        tables = imported("tables")
        self.file = tables.open_file(folder.file("a.h5"), "w")
        self.data = self.file.create_table(self.file.root, "a", np.dtype([("x", "f8")]), expectedrows=rows)
        self.row, self.close = self.data.row, self.file.close

    def fill(self, values):
        row = self.row
        append = row.append
        for x in values:
            row["x"] = x
            append()

    def extend(self, block):
        self.data.append(block.view([("x", "f8")]))


class Buffered(Way):
    """Rows gathered in a list until there are 4,096: those in it are lost with the process."""

    def __init__(self, folder, rows):
        self.way, self.rows = self.library(folder, rows), []

    def fill(self, values):
        rows = self.rows
        for x in values:
            rows.append(x)
            if len(rows) == 4096:
                self.write()

    def extend(self, block):
        self.write()
        self.way.extend(block)

    def write(self):
        if self.rows:
            self.way.extend(np.array(self.rows))
            self.rows.clear()

    def close(self):
        self.write()
        self.way.close()


class AppendArrayBuffered(Buffered):
    library = AppendArray


class HDF5Buffered(Buffered):
    library = HDF5


class Zarr(Way):
    """Uncompressed, in chunks of 8192 rows."""

    def __init__(self, folder, rows):
        self.data = imported("zarr").create_array(
            folder.file("a.zarr"), shape=(0,), chunks=(8192,), dtype="f8", compressors=None
        )
        self.extend = self.data.append

    def append(self, x):
        self.data.append(np.array([x]))

    def close(self):
        pass


WAYS = {
    "cpp": Growing,
    "memory": Memory,
    "open_memmap of the final size": FinalSize,
    "np.memmap of the final size": Memmap,
    "np.memmap, doubled by hand": Doubled,
    "raw write": Raw,
    "npy-append-array": AppendArray,
    "npy-append-array, header at the end": AppendArrayLate,
    "npy-append-array, buffered": AppendArrayBuffered,
    "h5py": HDF5,
    "h5py, buffered": HDF5Buffered,
    "PyTables": PyTables,
    "PyTables, buffered": PyTablesBuffered,
    "zarr": Zarr,
}
# How many rows a timed call appends, and how many blocks.
SLOW = {
    "raw write": (10_000, 500), "npy-append-array": (500, 200), "npy-append-array, header at the end": (500, 200),
    "npy-append-array, buffered": (65_536, 200), "h5py, buffered": (65_536, 100),
    "h5py": (200, 100), "PyTables": (500, 200), "PyTables, buffered": (10_000, 200), "zarr": (10, 10),
}
ROWS, BLOCKS = 1_000_000, 1_000


class Append:
    """One float64 a call, as a program gets them: one by one."""

    params = [list(WAYS)]
    param_names = ["kind"]
    count = ROWS

    def setup(self, kind):
        self.folder = Folder()
        self.values = [0.5] * min(self.count, SLOW.get(kind, (ROWS,))[0])
        self.way = WAYS[kind](self.folder, len(self.values))

    def time_append(self, kind):
        self.way.fill(self.values)

    def teardown(self, kind):
        self.way.close()


class Blocks:
    """8 kB a call."""

    params = [list(WAYS)]
    param_names = ["kind"]
    count = BLOCKS

    def setup(self, kind):
        self.folder = Folder()
        self.block = np.random.default_rng(1).normal(size=BLOCK)
        self.times = range(min(self.count, SLOW.get(kind, (0, BLOCKS))[1]))
        self.way = WAYS[kind](self.folder, len(self.times) * BLOCK)

    def time_extend(self, kind):
        extend, block = self.way.extend, self.block
        for _ in self.times:
            extend(block)

    def teardown(self, kind):
        self.way.close()


OPENERS = {
    "cpp": cda.open_memmap,
    "cpp, a": lambda path: cda.open_memmap(path, "a"),
    "np.load, mmap_mode r": lambda path: np.load(path, mmap_mode="r"),
    "np.load, mmap_mode r+": lambda path: np.load(path, mmap_mode="r+"),
    "np.load": np.load,
}


class Open:
    """A file of a million rows, opened and left again."""

    params = [list(OPENERS)]
    param_names = ["kind"]
    count = 100

    def setup(self, kind):
        self.folder = Folder()
        self.path = self.folder.file("a.npy")
        cda.open_memmap(self.path, "w+", "f8", ROWS).close()

    def time_open(self, kind):
        path, opener = self.path, OPENERS[kind]
        for _ in range(self.count):
            opener(path)


class Follow:
    """refresh(): there are new rows each time, or none. "append" is what it costs to add them, "len" a yardstick."""

    params = [["new rows", "no new rows", "append", "len"]]
    param_names = ["kind"]
    count = 10_000

    def setup(self, kind):
        self.folder = Folder()
        self.writer = cda.open_memmap(self.folder.file("a.npy"), "w+")
        self.follower = cda.open_memmap(self.folder.file("a.npy"))
        self.follower.refresh()

    def time_refresh(self, kind):
        append, refresh = self.writer.append, self.follower.refresh
        if kind == "new rows":
            for _ in range(self.count):
                append(1.0)
                refresh()
        elif kind == "append":
            for _ in range(self.count):
                append(1.0)
        elif kind == "no new rows":
            for _ in range(self.count):
                refresh()
        else:
            rows = [1.0]
            for _ in range(self.count):
                len(rows)

    def teardown(self, kind):
        self.writer.close()


# Blocks to another process and back: the other sends a block for each that it gets, when it has read it.
# "polled" ways look at a number in shared memory again and again.


def pause():
    os.sched_yield()


def answer_files(folder, count):
    """The process that answers."""
    out = cda.open_memmap(os.path.join(folder, "back.npy"), "w+", "f8", (0, BLOCK))
    follower = cda.open_memmap(os.path.join(folder, "there.npy"))
    for done in range(count):
        while follower.refresh() <= done:
            pause()
        out.append(follower[-1])
    follower.close()


def answer_pipe(pipe, count):
    block = np.empty(BLOCK)
    for _ in range(count):
        pipe.recv_bytes_into(block)
        pipe.send_bytes(block)


def answer_queues(there, back, count):
    for _ in range(count):
        back.put(there.get())


def shared_blocks(memory, count):
    """Room for all blocks, one way and the other, and a number for each way."""
    return (
        np.ndarray((2, count, BLOCK), np.float64, memory.buf, 128),
        np.ndarray((2, 8), np.int64, memory.buf),
    )


def attach(name):
    """Shared memory of the process that asks, which removes it."""
    from multiprocessing.shared_memory import SharedMemory

    return SharedMemory(name, track=False) if sys.version_info >= (3, 13) else SharedMemory(name)


def answer_shared(name, count):
    memory = attach(name)
    try:
        _answer_shared(*shared_blocks(memory, count), count)
    finally:
        memory.close()


def _answer_shared(blocks, sent, count):
    for done in range(count):
        while sent[0, 0] <= done:
            pause()
        blocks[1, done] = blocks[0, done]
        sent[1, 0] = done + 1


def answer_semaphores(name, count, there, back):
    memory = attach(name)
    blocks, _ = shared_blocks(memory, count)
    for done in range(count):
        there.acquire()
        blocks[1, done] = blocks[0, done]
        back.release()
    del blocks, _
    memory.close()


class Share:
    """A block of 8 kB to another process and back, through memory or a pipe: two ways for each count."""

    params = [[
        "cpp", "Pipe", "SimpleQueue", "Queue", "SharedMemory of the final size, semaphores",
        "SharedMemory of the final size, polled",
    ]]
    param_names = ["kind"]
    count = 500
    timeout = 120

    def setup(self, kind):
        if not os.path.isdir("/dev/shm"):
            raise NotImplementedError("the system has no /dev/shm")
        import multiprocessing
        from multiprocessing.shared_memory import SharedMemory

        context = multiprocessing.get_context("spawn")
        self.block = np.random.default_rng(1).normal(size=BLOCK)
        count, self.memory = self.count, None
        if kind == "cpp":
            self.folder = Folder("/dev/shm")
            self.there = cda.open_memmap(self.folder.file("there.npy"), "w+", "f8", (0, BLOCK))
            self.process = context.Process(target=answer_files, args=(self.folder.path, count + 1))
        elif kind == "Pipe":
            self.pipe, other = context.Pipe()
            self.process = context.Process(target=answer_pipe, args=(other, count + 1))
        elif kind in ("Queue", "SimpleQueue"):
            self.queues = [getattr(context, kind)() for _ in range(2)]
            self.process = context.Process(target=answer_queues, args=(*self.queues, count + 1))
        else:
            self.memory = SharedMemory(create=True, size=128 + 2 * (count + 1) * 8 * BLOCK)
            self.blocks, self.sent = shared_blocks(self.memory, count + 1)
            self.blocks[...] = self.sent[...] = 0
            if kind.endswith("polled"):
                self.process = context.Process(target=answer_shared, args=(self.memory.name, count + 1))
            else:
                self.semaphores = [context.Semaphore(0) for _ in range(2)]
                self.process = context.Process(
                    target=answer_semaphores, args=(self.memory.name, count + 1, *self.semaphores)
                )
        self.done = 0
        self.process.start()
        if kind == "cpp":
            while not os.path.exists(self.folder.file("back.npy")):
                if self.process.exitcode is not None:
                    raise RuntimeError("the other process ended before its time")
                pause()
            self.back = cda.open_memmap(self.folder.file("back.npy"))
        self.there_and_back(kind, 1)  # the other process is ready

    def there_and_back(self, kind, count):
        block = self.block
        if kind == "cpp":
            append, refresh, back = self.there.append, self.back.refresh, self.back
            for done in range(self.done, self.done + count):
                append(block)
                while refresh() <= done:
                    pause()
                assert back[-1, 0] == block[0]
        elif kind == "Pipe":
            answer = np.empty(BLOCK)
            for _ in range(count):
                self.pipe.send_bytes(block)
                self.pipe.recv_bytes_into(answer)
                assert answer[0] == block[0]
        elif kind in ("Queue", "SimpleQueue"):
            there, back = self.queues
            for _ in range(count):
                there.put(block)
                assert back.get()[0] == block[0]
        elif kind.endswith("polled"):
            blocks, sent = self.blocks, self.sent
            for done in range(self.done, self.done + count):
                blocks[0, done] = block
                sent[0, 0] = done + 1
                while sent[1, 0] <= done:
                    pause()
                assert blocks[1, done, 0] == block[0]
        else:
            blocks, (there, back) = self.blocks, self.semaphores
            for done in range(self.done, self.done + count):
                blocks[0, done] = block
                there.release()
                assert back.acquire(timeout=60)
                assert blocks[1, done, 0] == block[0]
        self.done += count

    def time_there_and_back(self, kind):
        self.there_and_back(kind, self.count)

    def teardown(self, kind):
        self.process.join(60)  # it ends with the last block
        if self.memory is not None:
            del self.blocks, self.sent
            self.memory.close()
            self.memory.unlink()
