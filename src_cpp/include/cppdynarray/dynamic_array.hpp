// std::vector's interface on memory that grows in place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "internal/block.hpp"
#include "internal/block_allocator.hpp"
#include "internal/virtual_memory.hpp"

namespace cppdynarray {

// A contiguous array of trivially copyable elements: std::vector's members with std::vector's
// meanings and complexities, and one promise more:
//
//     data() does not change while size() <= max_size().
//
// So pointers, references and iterators keep pointing at the same positions while the array
// grows. Past max_size() the elements move once to a larger reservation; the old memory then
// stays readable, and no longer follows, until the array dies.
//
// An operation that throws changes nothing: std::length_error for a size that no array can have,
// std::bad_alloc when the system refuses memory, or whatever an element's constructor or an
// iterator throws.
template <class T, class Memory = VirtualMemory>
class DynamicArray {
    static_assert(std::is_same_v<T, std::remove_cv_t<T>>, "elements must not be const or volatile");
    static_assert(std::is_trivially_copyable_v<T>, "elements are moved as bytes");
    static_assert(alignof(T) <= alignof(Block), "heap memory is not aligned for more");

public:
    using value_type = T;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const T&;
    using pointer = T*;
    using const_pointer = const T*;
    using iterator = T*;
    using const_iterator = const T*;
    using reverse_iterator = std::reverse_iterator<iterator>;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;

    // Empty, with no memory and max_size() 0 until the first element.
    DynamicArray() noexcept = default;

    // `count` value-initialised elements: as cheap as resize(count).
    explicit DynamicArray(size_type count) : DynamicArray() { resize(count); }

    DynamicArray(size_type count, const T& value) : DynamicArray() { resize(count, value); }

    template <class Iterator, class = typename std::iterator_traits<Iterator>::iterator_category>
    DynamicArray(Iterator first, Iterator last) : DynamicArray() {
        append_range(first, last);
    }

    DynamicArray(std::initializer_list<T> values) : DynamicArray(values.begin(), values.end()) {}

    DynamicArray(const DynamicArray& other) : DynamicArray(other.begin(), other.end()) {}

    // Leaves `other` empty.
    DynamicArray(DynamicArray&& other) noexcept { swap(other); }

    ~DynamicArray() {
        if (begin_ != nullptr) block()->functions->release(block(), used_bytes());
    }

    // Copies the elements into the memory there is, if they fit: data() stays.
    DynamicArray& operator=(const DynamicArray& other) {
        assign(other.begin(), other.end());
        return *this;
    }

    // Takes the memory of `other` and leaves it empty.
    DynamicArray& operator=(DynamicArray&& other) noexcept {
        DynamicArray taken(std::move(other));
        swap(taken);
        return *this;
    }

    DynamicArray& operator=(std::initializer_list<T> values) {
        assign(values);
        return *this;
    }

    // `value` may be an element: wherever it is, only itself is written over it.
    void assign(size_type count, const T& value) {
        make_room_for(count);
        truncate(0);
        append_copies(count, value);
    }

    // The range may be part of this array. Other iterators than pointers need the memory of
    // the new elements twice.
    template <class Iterator, class = typename std::iterator_traits<Iterator>::iterator_category>
    void assign(Iterator first, Iterator last) {
        if constexpr (is_pointer_to_element<Iterator>) {
            const auto count = static_cast<size_type>(last - first);
            make_room_for(count);
            truncate(0);
            move_elements(begin_, first, count);
            end_ = begin_ + count;
        } else {
            const DynamicArray staged(first, last);  // what throws, throws here
            assign(staged.begin(), staged.end());
        }
    }

    void assign(std::initializer_list<T> values) { assign(values.begin(), values.end()); }

    iterator begin() noexcept { return begin_; }
    iterator end() noexcept { return end_; }
    const_iterator begin() const noexcept { return begin_; }
    const_iterator end() const noexcept { return end_; }
    const_iterator cbegin() const noexcept { return begin_; }
    const_iterator cend() const noexcept { return end_; }
    reverse_iterator rbegin() noexcept { return reverse_iterator(end_); }
    reverse_iterator rend() noexcept { return reverse_iterator(begin_); }
    const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end_); }
    const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin_); }
    const_reverse_iterator crbegin() const noexcept { return rbegin(); }
    const_reverse_iterator crend() const noexcept { return rend(); }

    // Unchecked.
    reference operator[](size_type index) noexcept { return begin_[index]; }
    const_reference operator[](size_type index) const noexcept { return begin_[index]; }

    // Throws std::out_of_range.
    reference at(size_type index) {
        check_index(index);
        return begin_[index];
    }
    const_reference at(size_type index) const {
        check_index(index);
        return begin_[index];
    }

    reference front() noexcept { return *begin_; }
    const_reference front() const noexcept { return *begin_; }
    reference back() noexcept { return end_[-1]; }
    const_reference back() const noexcept { return end_[-1]; }

    // nullptr until the first element or reserve().
    pointer data() noexcept { return begin_; }
    const_pointer data() const noexcept { return begin_; }

    bool empty() const noexcept { return begin_ == end_; }
    size_type size() const noexcept { return static_cast<size_type>(end_ - begin_); }

    // Elements that fit without asking the system for memory.
    size_type capacity() const noexcept { return static_cast<size_type>(capacity_end_ - begin_); }

    // Elements that fit without moving: what the present reservation holds.
    size_type max_size() const noexcept { return begin_ != nullptr ? block()->reserved_bytes / sizeof(T) : 0; }

    // Makes capacity() at least `count`, and so max_size() too. The memory is only taken as
    // elements are written.
    void reserve(size_type count) {
        if (count > most_elements) fail_for_length();
        if (count <= capacity()) return;
        const size_type bytes = count * sizeof(T);
        Block* const larger = begin_ != nullptr ? block()->functions->grow(block(), used_bytes(), bytes)
                                                : shared_allocator<Memory>().allocate(bytes);
        if (larger == nullptr) throw std::bad_alloc();
        const size_type size = this->size();
        begin_ = reinterpret_cast<T*>(larger->data());
        end_ = begin_ + size;
        capacity_end_ = begin_ + larger->committed_bytes / sizeof(T);
    }

    // Makes capacity() equal size() and gives the memory behind the rest back to the system.
    // Its addresses stay readable.
    void shrink_to_fit() noexcept {
        if (begin_ == nullptr) return;
        block()->functions->shrink_to_fit(block(), used_bytes());
        capacity_end_ = end_;
    }

    // Keeps the memory.
    void clear() noexcept { truncate(0); }

    // One compare and one store while the capacity lasts; `value` may be an element.
    void push_back(const T& value) {
        if (end_ == capacity_end_) make_room_for_more(1);
        ::new (static_cast<void*>(end_)) T(value);
        ++end_;
    }

    template <class... Arguments>
    reference emplace_back(Arguments&&... arguments) {
        const T value(std::forward<Arguments>(arguments)...);  // may throw: nothing is written yet
        push_back(value);
        return back();
    }

    void pop_back() noexcept { truncate(size() - 1); }

    // Appends `count` elements at once, which may be this array's own.
    void append(const T* source, size_type count) {
        make_room_for_more(count);
        move_elements(end_, source, count);
        end_ += count;
    }

    // What is inserted may be this array's own elements.
    iterator insert(const_iterator position, const T& value) { return insert(position, 1, value); }

    iterator insert(const_iterator position, size_type count, const T& value) {
        const auto index = position - begin_;
        append_copies(count, value);
        return rotate_into_place(index, count);
    }

    // If an iterator throws, only the capacity may have grown.
    template <class Iterator, class = typename std::iterator_traits<Iterator>::iterator_category>
    iterator insert(const_iterator position, Iterator first, Iterator last) {
        const auto index = position - begin_;
        const size_type old_size = size();
        append_range(first, last);
        return rotate_into_place(index, size() - old_size);
    }

    iterator insert(const_iterator position, std::initializer_list<T> values) {
        return insert(position, values.begin(), values.end());
    }

    template <class... Arguments>
    iterator emplace(const_iterator position, Arguments&&... arguments) {
        const T value(std::forward<Arguments>(arguments)...);
        return insert(position, value);
    }

    // Returns where the next element is now.
    iterator erase(const_iterator position) noexcept { return erase(position, position + 1); }

    iterator erase(const_iterator first, const_iterator last) noexcept {
        T* const gap = begin_ + (first - begin_);
        const size_type count = static_cast<size_type>(last - first);
        move_elements(gap, last, static_cast<size_type>(end_ - last));
        truncate(size() - count);
        return gap;
    }

    // New elements are value-initialised. Where that means all-zero bytes, as for numbers and
    // null pointers, memory that was never written is not touched: any size costs the same.
    void resize(size_type count) {
        if (count <= size()) {
            truncate(count);
        } else if (value_initialised_is_zero()) {
            make_room_for(count);
            block()->functions->zero(block(), used_bytes(), count * sizeof(T));
            end_ = begin_ + count;
        } else {
            append_copies(count - size(), T());
        }
    }

    void resize(size_type count, const T& value) {
        if (count <= size()) truncate(count);
        else append_copies(count - size(), value);
    }

    void swap(DynamicArray& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        std::swap(capacity_end_, other.capacity_end_);
    }

    // Gives the memory away, as std::unique_ptr does: the array is empty afterwards. The block, of
    // which size() elements are in use, is the caller's to release; nullptr if there was none.
    Block* release() noexcept {
        Block* const taken = begin_ != nullptr ? block() : nullptr;
        begin_ = end_ = capacity_end_ = nullptr;
        return taken;
    }

    friend void swap(DynamicArray& a, DynamicArray& b) noexcept { a.swap(b); }

    friend bool operator==(const DynamicArray& a, const DynamicArray& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
    friend bool operator<(const DynamicArray& a, const DynamicArray& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
    }
    friend bool operator!=(const DynamicArray& a, const DynamicArray& b) { return !(a == b); }
    friend bool operator>(const DynamicArray& a, const DynamicArray& b) { return b < a; }
    friend bool operator<=(const DynamicArray& a, const DynamicArray& b) { return !(b < a); }
    friend bool operator>=(const DynamicArray& a, const DynamicArray& b) { return !(a < b); }

private:
    static constexpr size_type most_elements = BlockAllocator<Memory>::max_bytes / sizeof(T);

    template <class Iterator>
    static constexpr bool is_pointer_to_element = std::is_same_v<Iterator, T*> || std::is_same_v<Iterator, const T*>;

    // memmove, which must not be given null pointers.
    static void move_elements(T* to, const T* from, size_type count) noexcept {
        if (count != 0) std::memmove(static_cast<void*>(to), from, count * sizeof(T));
    }

    // Whether T() is all-zero bytes, found by looking, because no type trait tells: a null
    // pointer to a data member, say, is -1. Static, because then even the padding starts as zero.
    static bool value_initialised_is_zero() {
        static const T value = T();
        static constexpr unsigned char zeros[sizeof(T)] = {};
        return std::memcmp(&value, zeros, sizeof(T)) == 0;
    }

    Block* block() const noexcept { return Block::of(begin_); }
    size_type used_bytes() const noexcept { return size() * sizeof(T); }

    [[noreturn]] static void fail_for_length() {
        throw std::length_error("cppdynarray: more elements than an array can have");
    }

    void check_index(size_type index) const {
        if (index >= size()) throw std::out_of_range("cppdynarray: index past the end");
    }

    void make_room_for(size_type count) {
        if (count > capacity()) reserve(count);
    }

    void make_room_for_more(size_type count) {
        if (count > most_elements - size()) fail_for_length();
        make_room_for(size() + count);
    }

    // Every shortening of the array goes through here: what was written stays on record.
    void truncate(size_type count) noexcept {
        if (begin_ == nullptr) return;
        block()->mark_written(used_bytes());
        end_ = begin_ + count;
    }

    // `value` may be an element: growth leaves elements readable where they were.
    void append_copies(size_type count, const T& value) {
        make_room_for_more(count);
        end_ = std::uninitialized_fill_n(end_, count, value);
    }

    template <class Iterator>
    void append_range(Iterator first, Iterator last) {
        if constexpr (is_pointer_to_element<Iterator>) {
            append(first, static_cast<size_type>(last - first));
        } else {
            using Category = typename std::iterator_traits<Iterator>::iterator_category;
            if constexpr (std::is_base_of_v<std::forward_iterator_tag, Category>)
                make_room_for_more(static_cast<size_type>(std::distance(first, last)));
            const size_type old_size = size();
            try {
                for (; first != last; ++first) emplace_back(*first);
            } catch (...) {
                truncate(old_size);
                throw;
            }
        }
    }

    // Brings the last `count` elements to `index`. Inserting at the end first means that what
    // fails has moved nothing, and that elements can be inserted into their own array.
    iterator rotate_into_place(difference_type index, size_type count) {
        T* const first = begin_ + index;
        std::rotate(first, end_ - count, end_);
        return first;
    }

    // All null before there is a block, whose address follows from begin_.
    T* begin_ = nullptr;
    T* end_ = nullptr;
    T* capacity_end_ = nullptr;
};

template <class Iterator, class = typename std::iterator_traits<Iterator>::iterator_category>
DynamicArray(Iterator, Iterator) -> DynamicArray<typename std::iterator_traits<Iterator>::value_type>;

}  // namespace cppdynarray
