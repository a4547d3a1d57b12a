// Runs the tests of the files named, or all: ./tests [--seed N] [test_reservation ...]
#include "check.hpp"

#include <cstring>
#include <random>

int main(int count, char** words) {
    testing::seed = std::random_device()();
    std::vector<std::string> files;
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(words[i], "--seed") == 0 && i + 1 < count)
            testing::seed = static_cast<unsigned>(std::stoul(words[++i]));
        else files.push_back(std::string("/") + words[i] + ".cpp");
    }
    int tests = 0;
    for (const testing::Case& test : testing::cases()) {
        bool chosen = files.empty();
        for (const std::string& file : files) chosen = chosen || std::string(test.file).find(file) != std::string::npos;
        if (!chosen) continue;
        ++tests;
        const long before = testing::failures;
        testing::run(test);
        if (testing::failures != before)
            std::fprintf(stderr, "%s: \"%s\" failed (--seed %u)\n", test.file, test.name, testing::seed);
    }
    std::printf("%d tests, %ld checks, %ld failed\n", tests, testing::checks.load(), testing::failures.load());
    return tests == 0 || testing::failures != 0;
}
