/* Loaded in front of the C library: makes the k-th call of chosen functions fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>

enum { MMAP = 1, MPROTECT = 2, MADVISE = 4, MUNMAP = 8, MALLOC = 16 };

static __thread int armed_kinds; /* only in the thread that asked for it */
static __thread long countdown;
static __thread long left;
static __thread long calls;
static __thread long failures;

/* From now on the k-th call of `kinds` fails, and count - 1 after it. */
void arm(int kinds, long k, long count) {
    countdown = k;
    left = count;
    calls = failures = 0;
    armed_kinds = kinds;
}

/* How many calls there were since arm(), and how many of them failed. */
void disarm(long* counted, long* failed) {
    armed_kinds = 0;
    *counted = calls;
    *failed = failures;
}

static int fails(int kind) {
    if (!(armed_kinds & kind)) return 0;
    ++calls;
    if (--countdown > 0 || left <= 0) return 0;
    --left;
    ++failures;
    errno = ENOMEM;
    return 1;
}

#define REAL(name)                 \
    static __typeof__(name)* real; \
    if (!real) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
    REAL(mmap);
    return fails(MMAP) ? MAP_FAILED : real(address, size, protection, flags, file, offset);
}

int mprotect(void* address, size_t size, int protection) {
    REAL(mprotect);
    return fails(MPROTECT) ? -1 : real(address, size, protection);
}

int madvise(void* address, size_t size, int advice) {
    REAL(madvise);
    return fails(MADVISE) ? -1 : real(address, size, advice);
}

int munmap(void* address, size_t size) {
    REAL(munmap);
    return fails(MUNMAP) ? -1 : real(address, size);
}

/* glibc's names for its own: dlsym() itself allocates. */
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);

void* malloc(size_t size) { return fails(MALLOC) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails(MALLOC) ? NULL : __libc_calloc(count, size); }
void* realloc(void* address, size_t size) { return fails(MALLOC) ? NULL : __libc_realloc(address, size); }
