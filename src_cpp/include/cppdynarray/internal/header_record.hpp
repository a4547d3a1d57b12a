// What the header of a .npy file says to this library alone, and how rows are proved to be whole.
//
// A header is padded with white space. Right behind its dict a record is written there, bit by bit: a space for 0,
// a tab for 1, which all that reads headers takes for padding. The record and the number of rows lie in one
// page of the file and are written by one call, so a disk has both or neither.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cppdynarray {

// Where the data begins, at a multiple of this: whole pages of a file can be mapped. Disks lose and keep pages of it.
constexpr std::size_t file_data_alignment = 4096;

// The characters of the header that have the number of rows, right-aligned.
constexpr std::size_t count_characters = 20;

constexpr std::uint64_t mix(std::uint64_t word) noexcept {
    word = (word ^ word >> 32) * 0xd6e8feb86659fd93U;
    return word ^ word >> 32;
}

// The sum of all words with their positions: rows can be added as they come. No secret, and made to notice pages
// that are missing, older or elsewhere.
class RowHash {
public:
    // The hash of the first `bytes` at `rows`, of which those that were there at the last call are as they were.
    std::uint64_t of(const char* rows, std::size_t bytes) noexcept {
        for (; (words_ + 1) * 8 <= bytes; ++words_) sum_ += mix(load(rows + words_ * 8, 8) ^ mix(words_));
        return sum_ + (bytes > words_ * 8 ? mix(load(rows + words_ * 8, bytes - words_ * 8) ^ mix(words_)) : 0);
    }

private:
    static std::uint64_t load(const char* from, std::size_t bytes) noexcept {
        std::uint64_t word = 0;
        std::memcpy(&word, from, bytes);
        return word;
    }

    std::uint64_t sum_ = 0;
    std::size_t words_ = 0;
};

struct HeaderRecord {
    static constexpr std::size_t words = 6;
    static constexpr std::size_t characters = words * 64;

    std::uint64_t token;   // one more with each header that is written, from a random number on; see LivePage
    std::uint64_t file;    // the file's own number: a copy has another
    std::uint64_t synced;  // so many rows were on the disk before this was written
    std::uint64_t dirty;   // and the bytes behind them, up to here, were perhaps not zero
    std::uint64_t hash;    // of the rows from `synced` on, as many as the header names
    std::uint64_t seal;    // of all this and the number of rows: who changed that knew nothing of the record

    std::uint64_t seal_for(std::uint64_t rows) const noexcept {
        std::uint64_t made = mix(rows ^ 0x6379'6170'6461'7265U);
        for (const std::uint64_t word : {token, file, synced, dirty, hash}) made = mix(made + word);
        return made;
    }

    void write(char* text) const noexcept {
        for (const std::uint64_t word : {token, file, synced, dirty, hash, seal})
            for (int bit = 63; bit >= 0; --bit) *text++ = (word >> bit & 1) != 0 ? '\t' : ' ';
    }

    // False if there is none, or none that belongs to a header of `rows` rows.
    bool read(const char* text, std::uint64_t rows) noexcept {
        for (std::uint64_t* const word : {&token, &file, &synced, &dirty, &hash, &seal}) {
            *word = 0;
            for (int bit = 63; bit >= 0; --bit) *word = *word << 1 | static_cast<std::uint64_t>(*text++ == '\t');
        }
        return seal == seal_for(rows);
    }
};

// How many of the first `to` bytes are sure to be as they were written, where those before `from` are, and those
// behind it were zero when the disk last had all. Rows come one after another, so a page whose last row isn't
// zero has all that it should; of a page of zeros nobody knows.
inline std::size_t whole_bytes(const char* rows, std::size_t row_bytes, std::size_t from, std::size_t to) noexcept {
    while (from < to) {
        const std::size_t stop = std::min((from / file_data_alignment + 1) * file_data_alignment, to);
        std::size_t end = stop;
        while (end > from && rows[end - 1] == 0) --end;
        if (end <= (stop - 1) / row_bytes * row_bytes)
            return end > from ? ((end - 1) / row_bytes + 1) * row_bytes : from;
        if (end == from) return from;
        from = stop;
    }
    return to;
}

// How many of a header's `count` rows, or of the `limit` that there may be, are proved: those that were on the
// disk, those whose hash is right, and what whole_bytes() finds behind them. `limit` is no less than `synced`.
inline std::size_t proved_rows(const HeaderRecord& record, std::size_t count, std::size_t limit, const char* rows,
                               std::size_t row_bytes) noexcept {
    if (row_bytes == 0) return limit;
    std::size_t proved = static_cast<std::size_t>(record.synced);
    const char* const behind = rows + proved * row_bytes;
    if (proved < count && count <= limit && RowHash().of(behind, (count - proved) * row_bytes) == record.hash)
        proved = count;
    if (proved * row_bytes < record.dirty) return proved;
    return whole_bytes(rows, row_bytes, proved * row_bytes, limit * row_bytes) / row_bytes;
}

}  // namespace cppdynarray
