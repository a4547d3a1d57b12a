#ifndef _WIN32
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.hpp"

#include "fake_files.hpp"
#include "fake_memory.hpp"

using cppdynarray::Block;
using cppdynarray::FileToGrow;
using cppdynarray::HeaderRecord;
using cppdynarray::LivePage;
using File = cppdynarray::GrowingFile<FakeMemory, FakeFiles>;

static const std::size_t page = FakeMemory::page_size();

namespace {

std::string right_aligned(std::size_t rows) {
    const std::string digits = std::to_string(rows);
    return std::string(20 - digits.size(), ' ') + digits;
}

int unnamed_file() {
    char path[] = "/tmp/cppdynarray-test-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    unlink(path);
    return file;
}

const std::string blank_header(20 + HeaderRecord::characters, ' ');

// What is to be opened: a file of rows behind a header of a page, with the count at byte 100 and the record behind it.
struct Opening {
    Opening(std::size_t rows, std::size_t row_bytes = 8, std::size_t bytes_behind = 0, std::size_t reserve = 1 << 20)
        : file(unnamed_file()), live_file(unnamed_file()) {
        REQUIRE(ftruncate(file, static_cast<off_t>(4096 + row_bytes * rows + bytes_behind)) == 0);
        REQUIRE(ftruncate(live_file, 4096) == 0);
        live = File::Live::open(live_file, "/live", error);
        REQUIRE(live != nullptr);
        live->page()->state = LivePage::writing;
        wanted = {file, 4096, 100,    blank_header.data(), blank_header.size(), {7, 0, rows, 0, 0, 0}, row_bytes,
                  rows, live, reserve};
    }
    ~Opening() {
        live->leave();
        ::close(file);
        ::close(live_file);
    }

    Block* open() { return File::open(wanted, error); }

    int file, live_file;
    File::Live* live;
    FileToGrow<File::Live> wanted;
    int error = 0;
};

// A file of 8-byte rows, and the block on it; the test's own descriptor shows what is in the file.
class Fixture {
public:
    explicit Fixture(std::size_t rows = 0, std::size_t reserve = std::size_t{1} << 20, std::size_t bytes_behind = 0)
        : opening(rows, 8, bytes_behind, reserve), file(opening.file), live(opening.live->page()) {
        block = opening.open();
        if (block != nullptr) growing = File::of(block);
    }
    ~Fixture() {
        if (block != nullptr) release();
    }

    void release() {
        block->functions->release(block, 0);
        block = nullptr;
    }

    bool push(std::uint64_t value) {
        const std::size_t used = 8 * length();
        if (used + 8 > block->committed_bytes) {
            Block* grown = block->functions->grow(block, used, used + 8);
            if (grown == nullptr) return false;
            block = growing->place.block = grown;
        }
        std::memcpy(block->data() + used, &value, 8);
        set_length(length() + 1);
        return true;
    }
    std::size_t length() { return cppdynarray::length_of(&growing->place); }
    void set_length(std::size_t rows) {
        block->dirty_bytes = std::max(block->dirty_bytes, 8 * length());
        cppdynarray::set_length_of(&growing->place, rows);
    }
    std::uint64_t size() const {
        std::uint64_t bytes = 0;
        FakeFiles::Real::get_size(file, bytes);
        return bytes;
    }
    std::string count() const {
        char text[20] = {};
        REQUIRE(pread(file, text, 20, 100) == 20);
        return std::string(text, 20);
    }
    std::uint64_t row(std::size_t index) const {
        std::uint64_t value = 0;
        REQUIRE(pread(file, &value, 8, static_cast<off_t>(4096 + 8 * index)) == 8);
        return value;
    }

    HeaderRecord record() const {
        char text[20 + HeaderRecord::characters] = {};
        REQUIRE(pread(file, text, sizeof text, 100) == sizeof text);
        HeaderRecord found = {};
        CHECK(found.read(text + 20, std::strtoull(text, nullptr, 10)));
        return found;
    }

    FakeSystem system;
    FakeDisk disk;
    Opening opening;
    int file;
    LivePage* live;
    Block* block = nullptr;
    File* growing = nullptr;
};

}  // namespace

TEST_CASE("what is appended is in the file, and the length in the live page") {
    Fixture f;
    REQUIRE(f.block != nullptr);
    const char* data = f.block->data();
    for (std::size_t i = 0; i < 50'000; ++i) REQUIRE(f.push(i * i));
    CHECK(f.block->data() == data);
    CHECK(f.live->rows == 50'000);
    CHECK(f.row(49'999) == std::uint64_t{49'999} * 49'999);
    CHECK(f.size() == 4096 + f.block->committed_bytes);
    CHECK(f.growing->flush(false) == 0);
    CHECK(f.count() == right_aligned(50'000));
}

TEST_CASE("closing cuts the file and removes the live page; the rows stay readable") {
    Fixture f;
    for (std::size_t i = 0; i < 1000; ++i) REQUIRE(f.push(i));
    const char* data = f.block->data();
    CHECK(f.growing->close() == 0);
    CHECK(f.size() == 4096 + 8000);
    CHECK(f.count() == right_aligned(1000));
    CHECK(f.disk.removed == std::vector<std::string>{"/live"});
    CHECK(f.live->state == LivePage::finished);
    CHECK(f.live->rows == 1000);
    CHECK_FALSE(f.disk.writer_locked);
    CHECK(f.growing->is_closed());
    std::uint64_t last;
    std::memcpy(&last, data + 8 * 999, 8);
    CHECK(last == 999);
    CHECK_FALSE(f.push(1));
    CHECK(f.growing->error() == EBADF);
    CHECK(f.growing->flush(false) == EBADF);
    CHECK(f.growing->close() == 0);
    CHECK(f.disk.removed.size() == 1);
}

TEST_CASE("a file that isn't closed is finished by its release") {
    Fixture f;
    for (std::size_t i = 0; i < 10; ++i) REQUIRE(f.push(i));
    f.release();
    CHECK(f.size() == 4096 + 80);
    CHECK(f.count() == right_aligned(10));
    CHECK(File::first() == nullptr);
}

TEST_CASE("the live page of another file is left alone") {
    Fixture f;
    f.disk.live_number = 9;
    CHECK(f.growing->close() == 0);
    CHECK(f.disk.removed.empty());
}

TEST_CASE("rows that were taken back stay readable where views look, as zeros, also when closed") {
    Fixture f;
    for (std::size_t i = 0; i < 20'000; ++i) REQUIRE(f.push(7));
    f.set_length(10);
    const char* data = f.block->data();
    SECTION("closed") { CHECK(f.growing->close() == 0); }
    SECTION("shrunk to fit") {
        f.block->functions->shrink_to_fit(f.block, 80);
        CHECK(f.block->committed_bytes == 80);
    }
    SECTION("shrunk to fit where holes are unknown") {
        f.disk.fail(FileCall::punch, EOPNOTSUPP);
        f.block->functions->shrink_to_fit(f.block, 80);
    }
    CHECK(data[79] == 0);
    CHECK(data[72] == 7);
    for (std::size_t i = page; i < 160'000; ++i)
        if (data[i] != 0) FAIL("byte " << i);
    if (!f.growing->is_closed()) {
        // And growing finds room, and zeros, again.
        REQUIRE(f.push(8));
        f.block->functions->zero(f.block, 88, 160'000);
        CHECK(data[88] == 0);
        CHECK(f.row(10) == 8);
    }
}

TEST_CASE("a file isn't cut where others look") {
    Fixture f;
    for (std::size_t i = 0; i < 20'000; ++i) REQUIRE(f.push(7));
    f.disk.followed = true;
    f.disk.least_size = 4096 + 160'000;
    f.set_length(10);
    SECTION("closing") { CHECK(f.growing->close() == 0); }
    SECTION("shrinking") { f.block->functions->shrink_to_fit(f.block, 80); }
    CHECK(f.size() >= f.disk.least_size);
    CHECK(f.row(9) == 7);
}

TEST_CASE("bytes behind the rows, of a writer that was killed, stay until the file is closed") {
    Fixture f(3, std::size_t{1} << 20, 100'000);
    REQUIRE(f.block != nullptr);
    CHECK(f.length() == 3);
    CHECK(f.size() == 4096 + 24 + 100'000);
    CHECK(f.block->dirty_bytes == 24 + 100'000);
    CHECK(f.growing->close() == 0);
    CHECK(f.size() == 4096 + 24);
}

TEST_CASE("a file that is shorter than its rows isn't opened") {
    FakeSystem system;
    FakeDisk disk;
    Opening opening(1);
    opening.wanted.rows = 2;
    CHECK(opening.open() == nullptr);
    CHECK(opening.error == ESTALE);
    CHECK(File::first() == nullptr);
}

TEST_CASE("a full disk is said to be full, and growing goes on when there is room") {
    Fixture f;
    f.disk.room = 4096 + (std::size_t{256} << 10);
    std::size_t rows = 0;
    while (f.push(rows)) ++rows;
    CHECK(rows == (std::size_t{256} << 10) / 8);
    CHECK(f.growing->error() == ENOSPC);
    CHECK(f.size() == f.disk.room);
    CHECK(f.length() == rows);
    CHECK_FALSE(f.push(0));
    f.disk.room *= 4;
    CHECK(f.push(rows));
    CHECK(f.row(rows) == rows);
    CHECK(f.growing->error() == 0);
}

TEST_CASE("if room for twice as much isn't there, just enough is taken, and nothing is left behind") {
    Fixture f;
    for (std::size_t i = 0; i < (64 << 10) / 8; ++i) REQUIRE(f.push(i));
    f.disk.room = f.size() + page;
    REQUIRE(f.push(1));
    CHECK(f.size() == f.disk.room);
    f.disk.fail(FileCall::allocate, EIO);
    while (f.push(1)) {
    }
    CHECK(f.growing->error() == EIO);
    CHECK(f.size() == f.disk.room);
}

TEST_CASE("a file that another program cut doesn't grow") {
    Fixture f;
    REQUIRE(f.push(1));
    REQUIRE(ftruncate(f.file, 4096 + 100) == 0);
    Block* grown = f.block->functions->grow(f.block, 8, 1 << 20);
    CHECK(grown == nullptr);
    CHECK(f.growing->error() == ESTALE);
    CHECK(f.growing->flush(false) == ESTALE);
    CHECK(f.growing->close() == ESTALE);
    CHECK(f.size() == 4096 + 100);
}

TEST_CASE("past the reservation the file is mapped once more, and both are the same") {
    Fixture f(0, 128 << 10);
    REQUIRE(f.push(0));
    Block* first = f.block;
    const std::size_t end = first->reserved_bytes / 8;
    for (std::size_t i = 1; i < 3 * end; ++i) REQUIRE(f.push(i));
    CHECK(f.block != first);
    std::uint64_t changed = 99;
    std::memcpy(first->data() + 80, &changed, 8);
    CHECK(f.row(10) == 99);
    CHECK(f.row(3 * end - 1) == 3 * end - 1);
    CHECK(f.growing->close() == 0);
    CHECK(f.size() == 4096 + 24 * end);
}

TEST_CASE("a large block may be written by a call, and is in memory all the same") {
    Fixture f;
    REQUIRE(f.block->functions->grow(f.block, 0, 1 << 20) == f.block);
    std::vector<char> source(10'000, 'x');
    SECTION("written") {}
    SECTION("not written: then copied") { f.disk.fail(FileCall::write, EIO); }
    const std::size_t before = f.disk.calls_of(FileCall::write);
    cppdynarray::write_bytes(f.block, 3, source.data(), source.size());
    CHECK(f.disk.calls_of(FileCall::write) == before + 1);
    CHECK(std::memcmp(f.block->data() + 3, source.data(), source.size()) == 0);
    cppdynarray::write_bytes(f.block, 3, source.data() + 1, 100);
    CHECK(f.disk.calls_of(FileCall::write) == before + 1);
    f.disk.heal();
}

TEST_CASE("a flush to the disk writes the number between two of them") {
    Fixture f;
    REQUIRE(f.push(1));
    f.disk.order.clear();
    CHECK(f.growing->flush(true) == 0);
    CHECK(f.disk.order == "sws");
    f.disk.order.clear();
    CHECK(f.growing->flush(false) == 0);
    CHECK(f.disk.order == "w");
    f.disk.order.clear();
    CHECK(f.growing->close(true) == 0);  // flush() was done, and nothing came since
    CHECK(f.disk.order == "");
}

TEST_CASE("what the disk doesn't take is neither said to be on it nor cut") {
    Fixture f;
    REQUIRE(f.push(1));
    const std::uint64_t size = f.size();
    f.disk.fail(FileCall::sync, EIO);
    f.disk.order.clear();
    CHECK(f.growing->flush(true) == EIO);
    CHECK(f.disk.order == "s");
    CHECK(f.record().synced == 0);
    CHECK(f.growing->close() == EIO);
    CHECK(f.size() == size);
    CHECK(f.disk.removed.empty());
    CHECK(f.live->state == LivePage::writing);
}

TEST_CASE("the record goes with the header: token, rows on the disk, and a hash of those behind them") {
    Fixture f;
    CHECK(f.record().token == f.live->tokens[0]);
    CHECK(f.record().file == 2);
    for (std::size_t i = 1; i <= 1000; ++i) REQUIRE(f.push(i));
    CHECK(f.growing->flush(true) == 0);
    CHECK(f.record().synced == 1000);
    for (std::size_t i = 1001; i <= 20'000; ++i) REQUIRE(f.push(i));
    CHECK(f.growing->flush(false) == 0);
    const HeaderRecord record = f.record();
    CHECK(record.token == f.live->tokens[0]);
    CHECK(record.synced == 1000);
    std::vector<char> rows(f.block->data(), f.block->data() + 8 * 20'000);
    CHECK(proved_rows(record, 20'000, 20'000, rows.data(), 8) == 20'000);
    std::fill(rows.begin() + 2 * 4096, rows.begin() + 3 * 4096, 0);  // a page that the disk has not
    CHECK(proved_rows(record, 20'000, 20'000, rows.data(), 8) == 1024);
    std::fill(rows.begin() + 2 * 4096 - 80, rows.begin() + 2 * 4096, 0);  // and one that it has an older version of
    CHECK(proved_rows(record, 20'000, 20'000, rows.data(), 8) == 1014);
}

TEST_CASE("rows of zeros are proved by the hash, and by nothing else") {
    Fixture f;
    f.block = f.growing->place.block = f.block->functions->grow(f.block, 0, 80'000);
    f.set_length(10'000);
    CHECK(f.growing->flush(false) == 0);
    CHECK(proved_rows(f.record(), 10'000, 10'000, f.block->data(), 8) == 10'000);
    CHECK(proved_rows(f.record(), 10'000, 9'999, f.block->data(), 8) == 0);
}

TEST_CASE("where there were rows before the last sync, bytes prove nothing") {
    Fixture f;
    for (std::size_t i = 1; i <= 5000; ++i) REQUIRE(f.push(i));
    f.set_length(1000);
    CHECK(f.growing->flush(true) == 0);
    CHECK(f.record().dirty == 40'000);
    CHECK(proved_rows(f.record(), 1000, 4000, f.block->data(), 8) == 1000);
}

TEST_CASE("rows longer than a page are whole with all of their pages") {
    std::vector<char> rows(3 * 10'000, 0);
    std::fill(rows.begin(), rows.begin() + 25'000, 'x');
    const HeaderRecord record = {};
    CHECK(cppdynarray::proved_rows(record, 0, 3, rows.data(), 10'000) == 2);
    std::fill(rows.begin() + 8192, rows.begin() + 12'288, 0);
    CHECK(cppdynarray::proved_rows(record, 0, 3, rows.data(), 10'000) == 0);
    CHECK(cppdynarray::proved_rows(record, 0, 3, rows.data(), 0) == 3);
}

TEST_CASE("a record that isn't whole, or not of that many rows, is none") {
    HeaderRecord record = {1, 2, 3, 4, 5, 0}, found = {};
    record.seal = record.seal_for(9);
    char text[HeaderRecord::characters];
    record.write(text);
    CHECK(found.read(text, 9));
    CHECK(found.dirty == 4);
    CHECK_FALSE(found.read(text, 10));
    text[70] = text[70] == ' ' ? '\t' : ' ';
    CHECK_FALSE(found.read(text, 9));
}

TEST_CASE("a forked child has a copy and a lock of its own, and can't grow") {
    Fixture f;
    REQUIRE(f.push(5));
    f.growing->prepare_fork();
    CHECK(f.disk.looks);
    SECTION("in the parent") {
        f.growing->after_fork_in_parent();
        CHECK(f.push(6));
        CHECK(f.growing->flush(false) == 0);
    }
    SECTION("in the child") {
        f.disk.process = 2;
        f.growing->after_fork_in_child();
        CHECK(f.growing->is_forked());
        CHECK(f.block->functions->grow(f.block, 8, 1 << 20) == nullptr);
        CHECK(f.growing->error() == ECHILD);
        CHECK(f.growing->flush(true) == ECHILD);
        CHECK(f.length() == 1);
        CHECK(f.block->committed_bytes == 8);
        std::uint64_t changed = 99;
        std::memcpy(f.block->data(), &changed, 8);
        CHECK(f.row(0) == 5);
        const std::uint64_t size = f.size();
        f.release();
        CHECK(f.size() == size);
        CHECK(f.disk.removed.empty());
        CHECK(f.disk.writer_locked);
    }
}

TEST_CASE("where a child has no lock its parent never cuts the file") {
    Fixture f;
    for (std::size_t i = 0; i < 20'000; ++i) REQUIRE(f.push(7));
    f.disk.fail(FileCall::open_again, EMFILE);
    f.growing->prepare_fork();
    f.growing->after_fork_in_parent();
    f.set_length(10);
    CHECK(f.growing->close() == 0);
    CHECK(f.size() >= 4096 + 160'000);
    CHECK(f.count() == right_aligned(10));
}

TEST_CASE("nothing writes to a file that is closed, by whatever address; and its lock is that of those who look") {
    Fixture f(0, 128 << 10);
    for (std::size_t i = 0; i < 50'000; ++i) REQUIRE(f.push(i));
    Block* const first = f.block->retired;
    REQUIRE(first != nullptr);
    CHECK(f.growing->close() == 0);
    CHECK(f.disk.looks);
    std::uint64_t changed = 99;
    for (Block* const block : {f.block, first}) std::memcpy(block->data() + 80, &changed, 8);
    std::vector<char> source(10'000, 'x');
    cppdynarray::write_bytes(f.block, 0, source.data(), source.size());
    CHECK(f.row(10) == 10);
    CHECK(f.row(0) == 0);
}

TEST_CASE("rows where rows were before may be a view of these") {
    Fixture f;
    for (std::size_t i = 0; i < 4000; ++i) REQUIRE(f.push(i));
    f.set_length(1000);
    SECTION("by the array's own addresses") { cppdynarray::write_bytes(f.block, 8000, f.block->data(), 32'000); }
    SECTION("by others") {
        auto* other = static_cast<char*>(FakeMemory::reserve(16 * page));
        REQUIRE(cppdynarray::FileSystem::map(other, 16 * page, f.file, 4096, FakeFiles::Mapping::read) == 0);
        cppdynarray::write_bytes(f.block, 8000, other, 32'000);
        FakeMemory::release(other, 16 * page);
    }
    for (std::size_t i = 0; i < 4000; ++i)
        if (f.row(1000 + i) != i) FAIL("row " << i);
}

TEST_CASE("files that share a live page have one length, and the last one finishes it") {
    FakeSystem system;
    FakeDisk disk;
    Opening first(0), second(0, 4);
    second.wanted.live = first.live;
    Block* const a = first.open();
    Block* const b = second.open();
    REQUIRE(a != nullptr);
    REQUIRE(b != nullptr);
    CHECK(File::of(a)->place.length == File::of(b)->place.length);
    cppdynarray::set_length_of(&File::of(a)->place, 5);
    CHECK(cppdynarray::length_of(&File::of(b)->place) == 5);
    CHECK(File::of(a)->close() == 0);
    CHECK(disk.removed.empty());
    CHECK(first.live->page()->state == LivePage::writing);
    CHECK(File::of(b)->close() == 0);
    CHECK(disk.removed.size() == 1);
    CHECK(first.live->page()->state == LivePage::finished);
    a->functions->release(a, 0);
    b->functions->release(b, 0);
}

TEST_CASE("every call may fail while a file is opened, and then all is as before") {
    for (const FileCall kind : {FileCall::allocate, FileCall::get_size, FileCall::map, FileCall::duplicate,
                                FileCall::write, FileCall::sync}) {
        FakeSystem system;
        FakeDisk disk;
        Opening opening(0);
        opening.wanted.record.synced = 1;  // so that all is asked to be on the disk
        disk.fail(kind, EIO);
        CHECK(opening.open() == nullptr);
        CHECK(opening.error != 0);
        CHECK(File::first() == nullptr);
        disk.heal();
    }
    for (std::size_t use = 1; use <= 3; ++use) {
        FakeSystem system;
        FakeDisk disk;
        Opening opening(0);
        system.fail(use, 100);
        CHECK(opening.open() == nullptr);
        CHECK(opening.error == ENOMEM);
        system.heal();
    }
}

TEST_CASE("addresses that are short are taken by halving") {
    FakeSystem system;
    system.address_space = std::size_t{1} << 24;
    FakeDisk disk;
    Opening opening(0, 8, 0, std::size_t{1} << 40);
    Block* block = opening.open();
    REQUIRE(block != nullptr);
    CHECK(block->reserved_bytes >= std::size_t{1} << 22);
    block->functions->release(block, 0);
}

TEST_CASE("rows without bytes are counted") {
    FakeSystem system;
    FakeDisk disk;
    Opening opening(5, 0);
    Block* block = opening.open();
    REQUIRE(block != nullptr);
    cppdynarray::set_length_of(&File::of(block)->place, 7);
    CHECK(File::of(block)->close() == 0);
    char text[20];
    REQUIRE(pread(opening.file, text, 20, 100) == 20);
    CHECK(std::string(text, 20) == right_aligned(7));
    block->functions->release(block, 0);
}

// The system's own calls.

using Files = cppdynarray::FileSystem;

TEST_CASE("locks are met by whoever opens the file again") {
    char path[] = "/tmp/cppdynarray-test-XXXXXX";
    const int first = mkstemp(path);
    const int second = ::open(path, O_RDWR | O_CLOEXEC);
    REQUIRE(second >= 0);
    unlink(path);
    if (Files::lock(first, Files::Lock::exclusive, 0, false) == EOPNOTSUPP) return;
    CHECK(Files::lock(second, Files::Lock::exclusive, 0, false) == EAGAIN);
    CHECK(Files::lock(second, Files::Lock::shared, 1, false) == 0);
    CHECK(Files::lock(first, Files::Lock::exclusive, 1, false) == EAGAIN);
    CHECK(Files::lock(first, Files::Lock::shared, 1, false) == 0);
    CHECK(Files::lock(first, Files::Lock::none, 0, false) == 0);
    CHECK(Files::lock(second, Files::Lock::exclusive, 0, false) == 0);
    ::close(first);
    ::close(second);
}

TEST_CASE("bytes with room are zero, and punched ones again") {
    const int file = unnamed_file();
    REQUIRE(Files::allocate(file, 0, 1 << 16) == 0);
    std::uint64_t size = 0;
    CHECK(Files::get_size(file, size) == 0);
    CHECK(size == 1 << 16);
    const std::string text(1 << 16, 'x');
    CHECK(Files::write(file, text.data(), text.size(), 0) == 0);
    const int error = Files::punch(file, 4096, 8192);
    char bytes[4096];
    REQUIRE(pread(file, bytes, sizeof bytes, 4096) == 4096);
    CHECK(bytes[0] == (error == 0 ? 0 : 'x'));
    CHECK(Files::sync(file) == 0);
    CHECK(Files::set_size(file, 100) == 0);
    CHECK(Files::write(-1, "x", 1, 0) == EBADF);
    CHECK(Files::get_size(-1, size) == EBADF);
    CHECK(Files::identify("/nothing/is/here", *std::make_unique<cppdynarray::FileIdentity>()) == ENOENT);
    ::close(file);
}
#endif
