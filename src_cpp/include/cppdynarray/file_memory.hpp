// File memory: blocks whose data is that of a file, the third source beside reservations and the heap.
//
//     reserved addresses:  | a page of private memory: FileBlock | the file, from its data on ... |
//     the file:                                         | header | rows, then room for more |
//
// The file is mapped once, over all of the reservation. Growing is then only to make it longer, so the
// data never moves, and what is written is the system's to keep: it outlives the process.
//
// Beside the file lies, while somebody writes, one more page, the live page: how many rows there are
// this moment. It is mapped by the writer and by all who follow, and written after the rows.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>

#include "array_place.hpp"
#include "block.hpp"
#include "file_system.hpp"
#include "growth_policy.hpp"
#include "virtual_memory.hpp"

namespace cppdynarray {

// The first bytes of the file beside the file, which is one page long.
struct LivePage {
    static constexpr char magic_text[9] = "cdalive1";
    static constexpr std::size_t bytes = 4096;
    enum State : std::uint64_t { being_made, writing, finished };

    char magic[8];
    FileIdentity file;     // whose rows are counted here
    char boot[48];         // of the system that the writer runs on: its memory ends with it
    std::uint64_t writer;  // process
    std::uint64_t state;
    alignas(64) std::size_t rows;
};
static_assert(offsetof(LivePage, rows) == 128, "followers of other versions read it");

// Which bytes of the file are locked, and what that means. Nobody reads or writes them for it.
constexpr std::uint64_t writer_lock = 0;    // exclusive: one writer
constexpr std::uint64_t follower_lock = 1;  // shared: the file isn't cut where others look

// Where the data begins: whole pages of a file can be mapped.
constexpr std::size_t file_data_alignment = 4096;

// The characters of the header that have the number of rows, right-aligned.
constexpr std::size_t count_characters = 20;

// What a file that is to grow was found to be.
struct FileToGrow {
    int file;                  // open for reading and writing, and locked by writer_lock
    std::uint64_t data_at;     // where the rows begin
    std::uint64_t count_at;    // where the header has their number
    std::size_t row_bytes;
    std::size_t rows;
    LivePage* live;            // mapped, and writable
    const char* live_path;     // absolute
    std::size_t reserve_bytes; // addresses to take; 0: as many as most arrays
};

// A file that one array of this process writes to.
template <class Memory = VirtualMemory, class Files = FileSystem>
class GrowingFile {
public:
    // The block of a file; from now on `wanted.file` and `wanted.live` are its own. nullptr, and all is
    // still the caller's, with the reason in `error`.
    static Block* open(const FileToGrow& wanted, int& error) noexcept {
        const std::size_t path_bytes = std::strlen(wanted.live_path) + 1;
        void* room = Memory::heap_allocate(sizeof(GrowingFile) + path_bytes);
        if (room == nullptr) {
            error = ENOMEM;
            return nullptr;
        }
        auto* self = ::new (room) GrowingFile(wanted);
        self->live_path_ = static_cast<char*>(room) + sizeof(GrowingFile);
        std::memcpy(self->live_path_, wanted.live_path, path_bytes);
        error = self->start(wanted);
        if (error != 0) {
            Memory::heap_release(room);
            return nullptr;
        }
        self->next_ = first();
        if (self->next_ != nullptr) self->next_->previous_ = self;
        first() = self;
        return self->newest_;
    }

    // The file of a block; nullptr if it isn't from here.
    static GrowingFile* of(Block* block) noexcept {
        return block->functions == functions() ? file_block(block)->file : nullptr;
    }

    // All that are in use, one after another. Needs the GIL, or whatever else keeps files from coming
    // and going.
    static GrowingFile*& first() noexcept {
        static GrowingFile* file = nullptr;
        return file;
    }
    GrowingFile* next() const noexcept { return next_; }

    // Where the array's length is, for as long as there is the file memory: in the live page, or, once the file is
    // closed, here.
    ArrayPlace place;

    bool is_closed() const noexcept { return closed_; }
    // Whether this process is a child of the one that opened the file.
    bool is_forked() const noexcept { return process_ != Files::process(); }

    // Why it last didn't grow, as an errno; 0: it did.
    int error() const noexcept { return error_; }

    // Writes the number of rows into the header, after everything before it is on the disk if `sync`.
    // Needs no GIL.
    int flush(bool sync) noexcept {
        if (closed_) return EBADF;
        if (is_forked()) return ECHILD;
        if (const int error = check_size()) return error;
        if (sync)
            if (const int error = Files::sync(file_)) return error;
        if (const int error = write_count()) return error;
        return sync ? Files::sync(file_) : 0;
    }

    // Finishes the file: it is as long as its rows are, and others may write to it. The array keeps its
    // memory and can't grow any more. If the header can't be written, an errno, all is left as a writer that
    // is killed leaves it: the live page knows how many rows there are.
    int close() noexcept {
        if (closed_) return 0;
        if (is_forked()) {
            leave();
            return 0;
        }
        const std::size_t rows = length_of(&place);
        int error = check_size();
        const bool was_cut = error == ESTALE;  // by another program: its rows can't be had from anywhere
        if (error == 0) error = write_count();
        const bool finished = error == 0;
        if (finished) error = cut(rows);
        if (finished || was_cut) {
            __atomic_store_n(&live_->state, std::uint64_t{LivePage::finished}, __ATOMIC_RELEASE);
            FileIdentity now = {};
            if (Files::identify(live_path_, now) == 0 && now == live_identity_) Files::remove(live_path_);
        }
        // A forked child may have the file open too, and the lock is the open file's.
        Files::lock(file_, Files::Lock::none, writer_lock, false);
        end(rows);
        return error;
    }

    // For a process that was forked: what it has is a copy, and the file stays with its parent.
    void leave() noexcept {
        if (!closed_) end(length_of(&place));
    }

    void set_live_identity(const FileIdentity& identity) noexcept { live_identity_ = identity; }

    static const BlockFunctions* functions() noexcept {
        static constexpr BlockFunctions table = {
            2,
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

    // Room is made in steps of what there is, from the first to the last of these on.
    static constexpr std::size_t first_step = std::size_t{64} << 10;
    static constexpr std::size_t largest_step = std::size_t{64} << 20;
    // From here on a system call costs less than the faults of pages that are written for the first time.
    static constexpr std::size_t write_from = 4096;

    explicit GrowingFile(const FileToGrow& wanted) noexcept
        : place{},
          file_(wanted.file),
          data_at_(wanted.data_at),
          count_at_(wanted.count_at),
          row_bytes_(wanted.row_bytes),
          live_(wanted.live),
          process_(Files::process()) {}

    static FileBlock* file_block(Block* block) noexcept {
        return reinterpret_cast<FileBlock*>(reinterpret_cast<char*>(block) - offsetof(FileBlock, block));
    }

    int start(const FileToGrow& wanted) noexcept {
        std::size_t used = 0;
        if (!multiply(wanted.rows, row_bytes_, used) || used > max_bytes) return EFBIG;
        std::uint64_t size = 0;
        if (const int error = Files::get_size(file_, size)) return error;
        if (size < data_at_ + used) return ESTALE;
        // What a writer that was killed left behind the rows. Others may have seen rows there that were
        // taken back: then the bytes stay, and count as written.
        std::size_t dirty = used;
        if (is_followed()) dirty = static_cast<std::size_t>(size - data_at_);
        else if (const int error = Files::set_size(file_, data_at_ + used)) return error;
        else size = data_at_ + used;
        unlock_followers();

        std::size_t reserve = wanted.reserve_bytes != 0 ? wanted.reserve_bytes : largest_reservation;
        if (used > reserve / 2) reserve = used <= max_bytes / 2 ? used * 2 : max_bytes;
        Block* block = map(reserve, std::max(used, first_step));
        if (block == nullptr) return ENOMEM;
        file_bytes_ = static_cast<std::size_t>(size - data_at_);
        room_bytes_ = 0;  // rows that were never written may have no place on the disk
        block->dirty_bytes = dirty;
        place.block = block;
        place.length = &live_->rows;
        place.row_bytes = row_bytes_;
        newest_ = block;
        // So that a full disk is noticed now, and not at the first row.
        const int error = extend_to(std::max(used, first_step));
        if (error != 0) {
            unmap(block);
            return error;
        }
        block->committed_bytes = std::min(room_bytes_, block->reserved_bytes);
        __atomic_store_n(&live_->rows, wanted.rows, __ATOMIC_RELEASE);
        return 0;
    }

    // A block in a reservation of its own, of `wanted` bytes or, by halving, of no less than `least`.
    Block* map(std::size_t wanted, std::size_t least) noexcept {
        const std::size_t page = Memory::page_size();
        least = round_up(least, page);
        for (std::size_t bytes = std::max(round_up(wanted, page), least);;
             bytes = std::max(bytes / 2 & ~(page - 1), least)) {
            void* const address = Memory::reserve(page + bytes);
            if (address == nullptr) {
                if (bytes == least) return nullptr;
                continue;
            }
            char* const data = static_cast<char*>(address) + page;
            if (!Memory::commit(address, page) || Files::map(data, bytes, file_, data_at_, true) != 0) {
                Memory::release(address, page + bytes);
                return nullptr;
            }
            auto* made = ::new (static_cast<void*>(data - sizeof(FileBlock))) FileBlock{};
            made->file = this;
            Block* block = &made->block;
            block->functions = functions();
            block->reserved_bytes = bytes;
            block->mapping_bytes = page + bytes;
            block->source = Source::file;
            block->set_offset(page - sizeof(Block));
            block->place = &place;
            return block;
        }
    }

    static void unmap(Block* block) noexcept {
        const std::size_t bytes = block->mapping_bytes;
        Memory::release(block->data() - Memory::page_size(), bytes);
    }

    // Makes room for `bytes` of rows on the disk; if that fails, the file is as long as before.
    int extend_to(std::size_t bytes) noexcept {
        if (bytes <= room_bytes_) return 0;
        const int error = Files::allocate(file_, data_at_ + room_bytes_, data_at_ + bytes);
        if (error != 0) {
            if (bytes > file_bytes_) Files::set_size(file_, data_at_ + file_bytes_);
            return error;
        }
        room_bytes_ = bytes;
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
        error_ = closed_ ? EBADF : is_forked() ? ECHILD : bytes > max_bytes ? EFBIG : check_size();
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
        grown->committed_bytes = std::min(room_bytes_, grown->reserved_bytes);
        if (grown != block) {
            grown->retired = block;
            newest_ = grown;
        }
        // For those who read the file after this process was killed and know nothing of us. It needn't
        // succeed: flush() and close() write it again.
        write_count();
        return grown;
    }

    void zero(Block* block, std::size_t from, std::size_t to) noexcept {
        const std::size_t end = std::min(to, block->dirty_bytes);
        if (from < end) std::memset(block->data() + from, 0, end - from);
    }

    // Gives the place behind the rows back. The file is cut where nobody ever looked; what was rows once
    // stays readable, as zeros, in this process and in those that follow.
    void shrink_to_fit(Block* block, std::size_t used) noexcept {
        if (closed_ || is_forked()) return;
        const std::size_t page = Memory::page_size();
        const std::size_t seen = std::min(std::max(used, block->dirty_bytes), file_bytes_);
        if (used < seen) std::memset(block->data() + used, 0, std::min(round_up(used, page), seen) - used);
        const std::size_t from = std::min(round_up(used, page), seen);
        if (from < seen && Files::punch(file_, data_at_ + from, data_at_ + seen) != 0)
            std::memset(block->data() + from, 0, seen - from);
        if (seen < file_bytes_ && Files::set_size(file_, data_at_ + seen) == 0) file_bytes_ = seen;
        room_bytes_ = std::min(room_bytes_, from);
        block->committed_bytes = used;
    }

    void write(Block* block, std::size_t at, const void* source, std::size_t bytes) noexcept {
        if (bytes < write_from || Files::write(file_, source, bytes, data_at_ + at) != 0)
            std::memmove(block->data() + at, source, bytes);
    }

    int write_count() noexcept {
        char text[count_characters + 1];
        std::snprintf(text, sizeof text, "%20zu", length_of(&place));
        return Files::write(file_, text, count_characters, count_at_);
    }

    bool is_followed() noexcept { return Files::lock(file_, Files::Lock::exclusive, follower_lock, false) != 0; }
    void unlock_followers() noexcept { Files::lock(file_, Files::Lock::none, follower_lock, false); }

    // Cuts the file behind its rows; but not where another process looks.
    int cut(std::size_t rows) noexcept {
        const std::size_t page = Memory::page_size();
        const std::size_t used = rows * row_bytes_;
        const std::size_t seen = std::max(used, newest_->dirty_bytes);
        const std::size_t kept = is_followed() ? seen : used;
        int error = 0;
        // Views of this process that look there see zeros.
        for (Block* block = newest_; block != nullptr && error == 0; block = block->retired) {
            const std::size_t from = round_up(kept, page);
            const std::size_t to = std::min(round_up(seen, page), block->reserved_bytes);
            if (from < to) error = Files::unmap_to_zeros(block->data() + from, to - from);
        }
        if (error == 0) error = Files::set_size(file_, data_at_ + kept);
        unlock_followers();
        return error;
    }

    void end(std::size_t rows) noexcept {
        // Not the place's own: that would mean that the last handle ends it.
        last_length_ = rows;
        place.length = &last_length_;
        newest_->committed_bytes = rows * row_bytes_;
        newest_->reserved_bytes = rows * row_bytes_;
        newest_->dirty_bytes = std::min(newest_->dirty_bytes, rows * row_bytes_);
        Files::close(file_);
        closed_ = true;
    }

    void release(Block* block) noexcept {
        close();
        while (block != nullptr) {
            Block* retired = block->retired;
            unmap(block);
            block = retired;
        }
        Memory::release(live_, round_up(LivePage::bytes, Memory::page_size()));
        (previous_ != nullptr ? previous_->next_ : first()) = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
        Memory::heap_release(this);
    }

    static constexpr std::size_t max_bytes = std::numeric_limits<std::ptrdiff_t>::max() / 4;

    int file_;
    std::uint64_t data_at_;
    std::uint64_t count_at_;
    std::size_t row_bytes_;
    LivePage* live_;
    std::uint64_t process_;
    char* live_path_ = nullptr;
    FileIdentity live_identity_ = {};
    Block* newest_ = nullptr;
    std::size_t file_bytes_ = 0;  // of the file, behind the header
    std::size_t last_length_ = 0;  // when it was closed
    std::size_t room_bytes_ = 0;  // up to here all have a place on the disk
    int error_ = 0;
    bool closed_ = false;
    GrowingFile* next_ = nullptr;
    GrowingFile* previous_ = nullptr;
};

}  // namespace cppdynarray
