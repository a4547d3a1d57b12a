// File memory: blocks whose data is that of a file, the third backend beside reservations and the heap.
//
//     reserved addresses:  | a page of private memory: FileBlock | the file, from its data on ... |
//     the file:                                         | header | rows, then space for more |
//
// The file is mapped once, over all of the reservation. Growing is then only to make it longer, so the
// data never moves, and what is written is the system's to keep: it outlives the process.
//
// Beside the file lies, while somebody writes, one more page, the live page: how many rows there are
// this moment. It is mapped by the writer and by all who follow, and written after the rows. Several files,
// the columns of a table, may share one: their rows are then published by one store.
//
// Each file has one owner, a GrowingFile, with a descriptor of its own, which it has as long as anybody can look:
// the locks are the descriptor's. Its mutex is held while file, size and header change; rows and length
// belong to the one thread that may change the array.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

#include "array_place.hpp"
#include "atomics.hpp"
#include "block.hpp"
#include "file_system.hpp"
#include "growth_policy.hpp"
#include "header_record.hpp"
#include "reservation.hpp"
#include "virtual_memory.hpp"

namespace cppdynarray {

// The first bytes of the file beside the file, which is one page long. It holds for a file whose header has the
// token here; or the next one, where a process was killed between writing the two.
struct LivePage {
    static constexpr char magic_text[9] = "cdalive2";
    static constexpr std::size_t bytes = 4096;
    enum State : std::uint64_t { being_made, writing, finished };

    char magic[8];
    std::uint64_t file;    // the number of this very file: a copy has another
    std::uint64_t unused;
    char boot[48];         // of the system that the writer runs on: its memory ends with it
    std::uint64_t writer;  // process
    std::uint64_t state;
    alignas(64) std::size_t rows;
    alignas(64) std::uint64_t tokens[(bytes - 192) / 8];  // of the headers of the files that share the page
};
static_assert(offsetof(LivePage, rows) == 128 && offsetof(LivePage, tokens) == 192 && sizeof(LivePage) == 4096,
              "followers of other versions read it");

// A live page of this process, for as long as there are files on it.
template <class Memory, class Files>
class LiveFile {
public:
    // The page of an open file that will be at `path`. nullptr, with the reason in `error`. Ends with leave().
    static LiveFile* open(int file, const char* path, int& error) noexcept {
        const std::size_t path_bytes = std::strlen(path) + 1;
        FileIdentity identity = {};
        error = Files::identify(file, identity);
        if (error != 0) return nullptr;
        auto range = Reservation<Memory>::take(LivePage::bytes, LivePage::bytes);
        error = range ? Files::map(range.address(), range.bytes(), file, 0, Files::Mapping::write) : ENOMEM;
        if (error != 0) return nullptr;
        void* const memory = Memory::heap_allocate(sizeof(LiveFile) + path_bytes);
        if (memory == nullptr) {
            error = ENOMEM;
            return nullptr;
        }
        auto* self = ::new (memory) LiveFile(std::move(range), identity);
        std::memcpy(self->path(), path, path_bytes);
        return self;
    }

    LivePage* page() const noexcept { return static_cast<LivePage*>(range_.address()); }

    // One file more; its token among `tokens`, none if all are taken. Needs the GIL, as all here.
    std::uint64_t* join() noexcept {
        if (files_ == std::size(page()->tokens)) return nullptr;
        ++users_, ++writers_;
        return &page()->tokens[files_++];
    }

    // One of the files is finished; with the last one the page is. What isn't finished is left as a writer
    // that is killed leaves it.
    void finish() noexcept {
        if (--writers_ != 0) return;
        store_release(page()->state, std::uint64_t{LivePage::finished});
        FileIdentity now = {};
        if (Files::identify(path(), now) == 0 && now == identity_) Files::remove(path());
    }

    void leave() noexcept {
        if (--users_ != 0) return;
        this->~LiveFile();
        Memory::heap_release(this);
    }

private:
    LiveFile(Reservation<Memory> range, const FileIdentity& identity) noexcept
        : range_(std::move(range)), identity_(identity) {}

    char* path() noexcept { return reinterpret_cast<char*>(this + 1); }

    const Reservation<Memory> range_;
    const FileIdentity identity_;
    std::size_t files_ = 0;
    std::size_t writers_ = 0;
    std::size_t users_ = 1;  // who opened it
};

// Which bytes of the file are locked, and what that means. Nobody reads or writes them for it.
constexpr std::uint64_t writer_lock = 0;    // exclusive: one writer
constexpr std::uint64_t follower_lock = 1;  // shared, by all who look: the file isn't cut

// What a file that is to grow was found to be.
template <class Live>
struct FileToGrow {
    int file;                  // open for reading and writing, and locked by writer_lock
    std::uint64_t data_at;     // where the rows begin
    std::uint64_t count_at;    // where the header has their number
    const char* header;        // the header from there on, to the end of its record
    std::size_t header_bytes;
    HeaderRecord record;       // at that end; what of it is known: `token` and `synced`
    std::size_t row_bytes;
    std::size_t rows;
    Live* live;
    std::size_t reserve_bytes; // addresses to take; 0: as many as most arrays
};

// A file that one array of this process writes to.
template <class Memory = VirtualMemory, class Files = FileSystem>
class GrowingFile {
public:
    using Live = LiveFile<Memory, Files>;

    // The block of a file, which stays the caller's to close: this takes a descriptor of its own, with
    // the same locks. nullptr, and nothing has changed, with the reason in `error`.
    static Block* open(const FileToGrow<Live>& wanted, int& error) noexcept {
        void* const memory = Memory::heap_allocate(sizeof(GrowingFile) + wanted.header_bytes);
        if (memory == nullptr) {
            error = ENOMEM;
            return nullptr;
        }
        auto* self = ::new (memory) GrowingFile(wanted);
        std::memcpy(self->header(), wanted.header, wanted.header_bytes);
        error = self->start(wanted);
        if (error != 0) {
            self->release(self->newest_);
            return nullptr;
        }
        return self->newest_;
    }

    // The file of a block; nullptr if it isn't from here.
    static GrowingFile* of(Block* block) noexcept {
        return block->functions == functions() ? file_block(block)->file : nullptr;
    }

    // All that are in use, one after another, while there is a ListLock: none comes or goes. No Python code runs then.
    static GrowingFile*& first() noexcept {
        static GrowingFile* file = nullptr;
        return file;
    }
    GrowingFile* next() const noexcept { return next_; }

    class ListLock {
    public:
        ListLock() noexcept : guard_(mutex()) {}
        // In a forked child it may be locked, by a thread that isn't here.
        static void after_fork_in_child() noexcept { ::new (static_cast<void*>(&mutex())) std::mutex; }

    private:
        static std::mutex& mutex() noexcept {
            static std::mutex only;
            return only;
        }
        const std::lock_guard<std::mutex> guard_;
    };

    // Where the array's length is, for as long as there is the file memory: in the live page, or, once the file is
    // closed, here.
    ArrayPlace place;

    bool is_closed() const noexcept { return closed_; }
    // Whether this process is a child of the one that opened the file.
    bool is_forked() const noexcept { return process_ != Files::process(); }
    // Whether a descriptor is open on the file.
    int identify(FileIdentity& identity) const noexcept { return Files::identify(file_, identity); }

    // Why it last didn't grow, as an errno; 0: it did.
    int error() const noexcept { return error_; }

    // Writes the number of rows into the header; `sync`: when they are on the disk, and returns when the number
    // is. Needs no GIL. The disk is waited for without the lock, on a descriptor that close() can't take away.
    int flush(bool sync) noexcept {
        int file = -1;
        std::size_t rows = 0;
        {
            const Guard guard(mutex_);
            int error = is_forked() ? ECHILD : closed_ ? EBADF : check_size();
            rows = whole_rows();
            if (error != 0 || !sync) return error != 0 ? error : write_header(rows);
            if ((error = Files::duplicate(file_, file)) != 0) return error;
        }
        int error = Files::sync(file);
        if (error == 0) {
            const Guard guard(mutex_);
            if (!closed_) error = write_synced(std::min(rows, whole_rows()));
        }
        if (error == 0) error = Files::sync(file);
        Files::close(file);
        return error;
    }

    // Finishes the file: all is on the disk, it is as long as its rows are, and others may write to it. The array
    // keeps its memory, which is no longer the file's to write to, and the lock of those who look. If disk or
    // header fail, an errno, all is left as a writer that is killed leaves it: the live page knows how
    // many rows there are. `is_synced`: flush() has just done its part.
    int close(bool is_synced = false) noexcept {
        const Guard guard(mutex_);
        if (closed_) return 0;
        if (is_forked()) {
            end(length_of(&place));
            return 0;
        }
        const std::size_t rows = whole_rows();
        int error = check_size();
        const bool was_cut = error == ESTALE;  // by another program: its rows can't be had from anywhere
        if (!is_synced || rows != record_.synced) {
            if (error == 0) error = Files::sync(file_);
            if (error == 0) error = write_synced(rows);
            if (error == 0) error = Files::sync(file_);
        }
        if (error == 0 || was_cut) live_->finish();
        const bool is_alone = error == 0 && !is_shared_ && !is_followed();
        const int not_mapped = map_copies(is_alone ? rows * row_bytes_ : seen_bytes(rows));
        if (not_mapped != 0) error = not_mapped;
        else if (is_alone) error = Files::set_size(file_, data_at_ + rows * row_bytes_);
        Files::lock(file_, Files::Lock::shared, follower_lock, false);
        // A forked child may have the file open too, and the lock is the open file's.
        Files::lock(file_, Files::Lock::none, writer_lock, false);
        end(rows);
        return error;
    }

    // For one of several files that get rows one after the other: its length is its own from here on, and who looks at
    // the live page doesn't see it.
    void hold_rows() noexcept {
        const Guard guard(mutex_);
        if (closed_ || is_forked() || place.length == &last_length_) return;
        last_length_ = length_of(&place);
        place.length = &last_length_;
    }

    // All of the files have `rows` whole rows. Where the place has as many, its length may be that of the page again.
    void show_rows(std::size_t rows, bool join) noexcept {
        const Guard guard(mutex_);
        if (closed_ || is_forked()) return;
        store_release(live_->page()->rows, rows);
        if (join) place.length = &live_->page()->rows;
    }

    // Before and after a fork, in the thread that forks. The child has a copy, written as it likes, of a file that
    // its parent goes on to write, and a lock of its own against being cut: taken before there is a child.
    void prepare_fork() noexcept {
        if (closed_) return;
        if (Files::open_again(file_, childs_) != 0) childs_ = -1;
        if (childs_ < 0 || Files::lock(childs_, Files::Lock::shared, follower_lock, false) != 0) is_shared_ = true;
    }
    void after_fork_in_parent() noexcept {
        if (childs_ >= 0) Files::close(childs_);
        childs_ = -1;
    }
    void after_fork_in_child() noexcept {
        ::new (static_cast<void*>(&mutex_)) std::mutex;  // it may be locked, by a thread that isn't here
        if (closed_) return;
        const std::size_t rows = length_of(&place);
        map_copies(seen_bytes(rows));
        Files::close(file_);
        file_ = childs_;
        childs_ = -1;
        end(rows);
    }

    static const BlockFunctions* functions() noexcept {
        static constexpr BlockFunctions table = {
            [](Block* block, std::size_t used, std::size_t bytes) noexcept {
                return file_block(block)->file->grow(block, used, bytes);
            },
            [](Block* block, std::size_t from, std::size_t to) noexcept {
                file_block(block)->file->zero(block, from, to);
            },
            [](Block* block, std::size_t used) noexcept { file_block(block)->file->shrink_to_fit(block, used); },
            [](Block* block, std::size_t) noexcept { file_block(block)->file->release(block); },
            [](Block* block) noexcept { return file_block(block)->file->error(); },
            [](Block* block, std::size_t at, const void* source, std::size_t bytes) noexcept {
                file_block(block)->file->write(block, at, source, bytes);
            },
        };
        return &table;
    }

private:
    // The end of the private page: the block's header is in front of the data, as everywhere.
    struct FileBlock {
        GrowingFile* file;
        Block block;
    };

    // Space is taken in steps of what there is, from the first to the last of these on.
    static constexpr std::size_t first_step = std::size_t{64} << 10;
    static constexpr std::size_t largest_step = std::size_t{64} << 20;
    // From here on a system call costs less than the faults of pages that are written for the first time.
    static constexpr std::size_t write_from = 4096;

    using Guard = std::lock_guard<std::mutex>;

    explicit GrowingFile(const FileToGrow<Live>& wanted) noexcept
        : place{},
          live_(wanted.live),
          data_at_(wanted.data_at),
          count_at_(wanted.count_at),
          header_bytes_(wanted.header_bytes),
          row_bytes_(wanted.row_bytes),
          record_(wanted.record),
          process_(Files::process()) {
        const ListLock lock;
        next_ = first();
        if (next_ != nullptr) next_->previous_ = this;
        first() = this;
    }

    static FileBlock* file_block(Block* block) noexcept {
        return reinterpret_cast<FileBlock*>(reinterpret_cast<char*>(block) - offsetof(FileBlock, block));
    }

    // Takes nothing away: what is behind the rows stays until the file is closed, and counts as written.
    int start(const FileToGrow<Live>& wanted) noexcept {
        std::size_t used = 0;
        std::uint64_t size = 0;
        FileIdentity identity = {};
        if (!multiply(wanted.rows, row_bytes_, used) || used > max_bytes) return EFBIG;
        if (const int error = Files::duplicate(wanted.file, file_)) return error;
        if (const int error = Files::get_size(file_, size)) return error;
        if (const int error = Files::identify(file_, identity)) return error;
        if (size < data_at_ + used) return ESTALE;
        file_bytes_ = static_cast<std::size_t>(size - data_at_);
        record_.file = identity.number;
        // Of a writer that was killed; or nobody knows.
        if (record_.synced != wanted.rows)
            if (const int error = Files::sync(file_)) return error;

        std::size_t reserve = wanted.reserve_bytes != 0 ? wanted.reserve_bytes : largest_reservation;
        if (used > reserve / 2) reserve = used <= max_bytes / 2 ? used * 2 : max_bytes;
        Block* block = map(reserve, std::max(file_bytes_, first_step));
        if (block == nullptr) return ENOMEM;
        newest_ = block;
        block->dirty_bytes = file_bytes_;
        // So that a full disk is noticed now, and not at the first row. Rows that were never written may have no
        // place there either.
        if (const int error = extend_to(std::max(used, first_step))) return error;
        block->committed_bytes = std::min(allocated_bytes_, block->reserved_bytes);
        token_ = live_->join();
        if (token_ == nullptr) return EMFILE;
        place.block = block;
        place.length = &live_->page()->rows;
        place.row_bytes = row_bytes_;
        store_release(*token_, record_.token);
        set_length_of(&place, wanted.rows);
        closed_ = false;
        return write_synced(wanted.rows);
    }

    // A block in a reservation of its own, of `wanted` bytes or, by halving, of no less than `least`.
    Block* map(std::size_t wanted, std::size_t least) noexcept {
        const std::size_t page = Memory::page_size();
        auto range = Reservation<Memory>::take(page + std::max(wanted, least), page + least);
        if (!range) return nullptr;
        char* const data = static_cast<char*>(range.address()) + page;
        const std::size_t bytes = range.bytes() - page;
        if (!range.commit(page) || Files::map(data, bytes, file_, data_at_, Files::Mapping::write) != 0) return nullptr;
        auto* made = ::new (static_cast<void*>(data - sizeof(FileBlock))) FileBlock{};
        made->file = this;
        Block* block = &made->block;
        block->functions = functions();
        block->reserved_bytes = bytes;
        block->mapping_bytes = range.bytes();
        block->backend = Backend::file;
        block->set_offset(page - sizeof(Block));
        block->place = &place;
        range.detach();
        return block;
    }

    static void unmap(Block* block) noexcept {
        const std::size_t bytes = block->mapping_bytes;
        Memory::release(block->data() - Memory::page_size(), bytes);
    }

    // Takes space for `bytes` of rows on the disk; if that fails, the file is as long as before.
    int extend_to(std::size_t bytes) noexcept {
        if (bytes <= allocated_bytes_) return 0;
        std::uint64_t size = 0;
        if (const int error = Files::get_size(file_, size)) return error;
        const int error = Files::allocate(file_, data_at_ + allocated_bytes_, data_at_ + bytes);
        if (error != 0) {
            if (data_at_ + bytes > size) Files::set_size(file_, size);
            return error;
        }
        allocated_bytes_ = bytes;
        file_bytes_ = std::max(file_bytes_, bytes);
        return 0;
    }

    // Whether the file is as long as it was left. Another program may have cut it.
    int check_size() noexcept {
        std::uint64_t size = 0;
        if (const int error = Files::get_size(file_, size)) return error;
        return size < data_at_ + file_bytes_ ? ESTALE : 0;
    }

    Block* grow(Block* block, std::size_t used, std::size_t bytes) noexcept {
        const Guard guard(mutex_);
        error_ = is_forked() ? ECHILD : closed_ ? EBADF : bytes > max_bytes ? EFBIG : check_size();
        if (error_ != 0) return nullptr;
        Block* grown = block;
        if (bytes > block->reserved_bytes) {
            // Both are the same file: views of the old addresses stay live.
            grown = map(next_capacity(block->reserved_bytes, bytes, max_bytes, 2), bytes);
            if (grown == nullptr) {
                error_ = ENOMEM;
                return nullptr;
            }
            grown->dirty_bytes = std::max(block->dirty_bytes, used);
        }
        const std::size_t page = Memory::page_size();
        const std::size_t step = std::min(std::max(block->committed_bytes, first_step), largest_step);
        const std::size_t wanted = round_up(std::max(block->committed_bytes + step, bytes), page);
        error_ = extend_to(std::min(wanted, grown->reserved_bytes));
        if (error_ != 0) error_ = extend_to(round_up(bytes, page));
        if (error_ != 0) {
            if (grown != block) unmap(grown);
            return nullptr;
        }
        grown->committed_bytes = std::min(allocated_bytes_, grown->reserved_bytes);
        if (grown != block) {
            grown->retired = block;
            newest_ = grown;
        }
        // For those who read the file after this process was killed and know nothing of us. It needn't
        // succeed: flush() and close() write it again.
        write_header(whole_rows());
        return grown;
    }

    void zero(Block* block, std::size_t from, std::size_t to) noexcept {
        const std::size_t end = std::min(to, block->dirty_bytes);
        if (from < end) std::memset(block->data() + from, 0, end - from);
    }

    // Gives the space behind the rows back. The file is cut where nobody ever looked; what was rows once
    // stays readable, as zeros, in this process and in those that follow. That they are removed is on the disk first.
    void shrink_to_fit(Block* block, std::size_t used) noexcept {
        const Guard guard(mutex_);
        if (closed_ || is_forked() || check_size() != 0) return;
        const std::size_t page = Memory::page_size();
        const std::size_t rows = length_of(&place);
        const std::size_t seen = seen_bytes(rows);
        if (rows < record_.synced && (write_synced(rows) != 0 || Files::sync(file_) != 0)) return;
        if (used < seen) std::memset(block->data() + used, 0, std::min(round_up(used, page), seen) - used);
        const std::size_t from = std::min(round_up(used, page), seen);
        if (from < seen && Files::punch(file_, data_at_ + from, data_at_ + seen) != 0)
            std::memset(block->data() + from, 0, seen - from);
        if (seen < file_bytes_ && Files::set_size(file_, data_at_ + seen) == 0) file_bytes_ = seen;
        allocated_bytes_ = std::min(allocated_bytes_, from);
        block->committed_bytes = used;
    }

    // Where rows were before, `source` may show them, by whatever addresses: it is read before they are written.
    void write(Block* block, std::size_t at, const void* source, std::size_t bytes) noexcept {
        const bool is_new = at >= block->dirty_bytes;
        void* const copy = is_new ? nullptr : Memory::heap_allocate(bytes);
        if (copy != nullptr) source = std::memcpy(copy, source, bytes);
        const bool is_written = bytes >= write_from && (copy != nullptr || is_new) && write_to_file(source, bytes, at);
        if (!is_written) std::memmove(block->data() + at, source, bytes);
        if (copy != nullptr) Memory::heap_release(copy);
    }

    bool write_to_file(const void* source, std::size_t bytes, std::size_t at) noexcept {
        const Guard guard(mutex_);  // a thread that pushes beside close() must not write to the next writer's file
        return !closed_ && Files::write(file_, source, bytes, data_at_ + at) == 0;
    }

    // The header that names `rows`, and the token that goes with it.
    int write_header(std::size_t rows) noexcept {
        char count[count_characters + 1];
        std::snprintf(count, sizeof count, "%20zu", rows);
        std::memcpy(header(), count, count_characters);
        HeaderRecord record = record_;
        const std::size_t synced = static_cast<std::size_t>(record.synced) * row_bytes_;
        record.hash = hash_.of(newest_->data() + synced, std::max(rows * row_bytes_, synced) - synced);
        ++record.token;
        record.seal = record.seal_for(rows);
        record.write(header() + header_bytes_ - HeaderRecord::characters);
        if (const int error = Files::write(file_, header(), header_bytes_, count_at_)) return error;
        record_ = record;
        store_release(*token_, record.token);
        return 0;
    }

    // The same once the disk has `rows`.
    int write_synced(std::size_t rows) noexcept {
        record_.synced = rows;
        record_.dirty = seen_bytes(rows);
        hash_ = RowHash();
        return write_header(whole_rows());
    }

    // The rows that files of several columns all have: who holds more of them has them for itself, see hold_rows().
    std::size_t whole_rows() const noexcept { return std::min(length_of(&place), load_acquire(live_->page()->rows)); }

    // Up to here there were rows once.
    std::size_t seen_bytes(std::size_t rows) const noexcept {
        return std::min(std::max(rows * row_bytes_, newest_->dirty_bytes), file_bytes_);
    }

    bool is_followed() noexcept { return Files::lock(file_, Files::Lock::exclusive, follower_lock, false) != 0; }

    // Makes the memory a copy of the first bytes of the file, without reading them, and zeros behind them. Whoever
    // looks at it or writes to it meanwhile finds the one or the other.
    int map_copies(std::size_t bytes) noexcept {
        const std::size_t page = Memory::page_size();
        int error = 0;
        for (Block* block = newest_; block != nullptr && error == 0; block = block->retired) {
            const std::size_t from = std::min(round_up(bytes, page), block->reserved_bytes);
            const std::size_t to = std::min(round_up(file_bytes_, page), block->reserved_bytes);
            if (from > 0) error = Files::map(block->data(), from, file_, data_at_, Files::Mapping::copy);
            if (error == 0 && from < to) error = Files::unmap_to_zeros(block->data() + from, to - from);
        }
        return error;
    }

    void end(std::size_t rows) noexcept {
        // Not the place's own: that would mean that the last handle ends it.
        last_length_ = rows;
        place.length = &last_length_;
        newest_->committed_bytes = rows * row_bytes_;
        newest_->reserved_bytes = rows * row_bytes_;
        newest_->dirty_bytes = std::min(newest_->dirty_bytes, rows * row_bytes_);
        closed_ = true;
    }

    void release(Block* block) noexcept {
        close();
        while (block != nullptr) {
            Block* retired = block->retired;
            unmap(block);
            block = retired;
        }
        for (const int file : {file_, childs_})
            if (file >= 0) Files::close(file);
        if (token_ != nullptr) live_->leave();
        {
            const ListLock lock;
            (previous_ != nullptr ? previous_->next_ : first()) = next_;
            if (next_ != nullptr) next_->previous_ = previous_;
        }
        this->~GrowingFile();
        Memory::heap_release(this);
    }

    char* header() noexcept { return reinterpret_cast<char*>(this + 1); }

    static constexpr std::size_t max_bytes = std::numeric_limits<std::ptrdiff_t>::max() / 4;

    std::mutex mutex_;
    int file_ = -1;
    int childs_ = -1;  // for a child that is about to be forked
    Live* live_;
    std::uint64_t* token_ = nullptr;  // in the live page
    std::uint64_t data_at_;
    std::uint64_t count_at_;
    std::size_t header_bytes_;
    std::size_t row_bytes_;
    HeaderRecord record_;  // as it was last written
    RowHash hash_;         // of the rows from record_.synced on
    std::uint64_t process_;
    Block* newest_ = nullptr;
    std::size_t file_bytes_ = 0;  // of the file, behind the header
    std::size_t last_length_ = 0;  // when it was closed; or that of rows that are held
    std::size_t allocated_bytes_ = 0;  // up to here the disk has space for all
    int error_ = 0;
    bool closed_ = true;
    bool is_shared_ = false;  // a child without a lock may look
    GrowingFile* next_ = nullptr;
    GrowingFile* previous_ = nullptr;
};

}  // namespace cppdynarray
