// The few macros that the C++ tests need, so that they need no framework: whoever has a compiler can
// run them, on any Python.
#pragma once

#include <atomic>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace testing {

struct Case {
    const char* name;
    const char* file;
    void (*run)();
};

inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

struct Registered {
    explicit Registered(Case test) { cases().push_back(test); }
};

struct Stopped {};  // thrown to end a test

inline std::atomic<long> checks{0};
inline std::atomic<long> failures{0};
inline unsigned seed = 0;
// A test with sections runs once for each of them, counted in the order in which they are met.
inline int sections_met = 0;
inline int section_wanted = 0;

inline std::vector<std::string>& notes() {
    static thread_local std::vector<std::string> all;
    return all;
}

struct Note {
    explicit Note(const std::string& text) { notes().push_back(text); }
    ~Note() { notes().pop_back(); }
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
};

inline bool expect(bool holds, const char* what, const char* file, int line) {
    ++checks;
    if (holds) return true;
    ++failures;
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
    for (const std::string& note : notes()) std::fprintf(stderr, "    %s\n", note.c_str());
    return false;
}

inline void require(bool holds, const char* what, const char* file, int line) {
    if (!expect(holds, what, file, line)) throw Stopped();
}

inline void run(const Case& test) {
    section_wanted = 0;
    do {
        sections_met = 0;
        try {
            test.run();
        } catch (const Stopped&) {
        } catch (const std::exception& error) {
            expect(false, error.what(), test.file, 0);
        }
        ++section_wanted;
    } while (section_wanted < sections_met);
}

}  // namespace testing

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)
#define CHECK_TEXT(stream) (static_cast<std::ostringstream&&>(std::ostringstream() << stream).str())

#define TEST_CASE(name)                                                                                     \
    static void CHECK_JOIN(test_, __LINE__)();                                                              \
    static const ::testing::Registered CHECK_JOIN(registered_,                                              \
                                                  __LINE__)({name, __FILE__, CHECK_JOIN(test_, __LINE__)}); \
    static void CHECK_JOIN(test_, __LINE__)()
#define SECTION(name) if (::testing::sections_met++ == ::testing::section_wanted)
#define INFO(stream) const ::testing::Note CHECK_JOIN(note_, __LINE__)(CHECK_TEXT(stream))
#define CHECK(...) ::testing::expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_FALSE(...) ::testing::expect(!static_cast<bool>(__VA_ARGS__), "not " #__VA_ARGS__, __FILE__, __LINE__)
#define REQUIRE(...) ::testing::require(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define FAIL(stream) ::testing::require(false, CHECK_TEXT(stream).c_str(), __FILE__, __LINE__)
#define CHECK_THROWS_AS(expression, type)                                            \
    do {                                                                             \
        bool thrown = false;                                                         \
        try {                                                                        \
            static_cast<void>(expression);                                           \
        } catch (const type&) {                                                      \
            thrown = true;                                                           \
        }                                                                            \
        ::testing::expect(thrown, #expression " throws " #type, __FILE__, __LINE__); \
    } while (false)
