/// Functions of the system and instructions of the processor that Swift does not show.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "PacketRing.h"

/// A number that was drawn before anything else of the program ran.
static inline uint64_t ks_hash_seed(void) {
  extern uint64_t ks_drawn_seed;
  return ks_drawn_seed;
}

/// memmem(3): hidden behind _GNU_SOURCE, which the importer does not define.
const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count);

/// Sixteen bytes, `SIMD16<UInt8>` in Swift.
typedef unsigned char ks_sixteen __attribute__((ext_vector_type(16)));

/// The sixteen bytes at `bytes`, wherever they lie. (Swift's own loads of them are put together byte by
/// byte where several overlap.)
static inline ks_sixteen ks_load_sixteen(const void *bytes) {
  ks_sixteen loaded;
  __builtin_memcpy(&loaded, bytes, sizeof loaded);
  return loaded;
}

/// 255 where a byte is `wanted`, 0 elsewhere.
static inline ks_sixteen ks_equal_sixteen(ks_sixteen bytes, unsigned char wanted) {
  return (ks_sixteen)(bytes == (ks_sixteen)wanted);
}

/// Whether this processor computes CRC-32C itself; if not, `ks_crc32c` must not be used.
int ks_has_crc32c(void);

/// The register after `count` more bytes (SSE 4.2, ARMv8 CRC), without the inversions.
uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count);


/// How many processors the calling thread may run on (sched_getaffinity(2)); 0 when that is not told.
int ks_allowed_processors(void);

/// Gives memory that was freed back to the system, as far as the C library can.
void ks_trim_memory(void);

/// A child process as its parent sees it: file descriptors, all closed on exec.
struct ks_child {
  /// The watcher, to be reaped with waitpid(2).
  int watcher;
  /// Closing it ends the child and all it started; so does the end of the parent, however it comes.
  int life;
  /// Gives a `struct ks_child_end` and then ends.
  int report;
  int output;
  int error;
};

/// How a child ended.
struct ks_child_end {
  /// errno when it could not be started, else 0.
  int32_t failure;
  /// As waitpid(2) gives it.
  int32_t status;
};

/// Most bytes a child can be given as its input: what a pipe takes without a reader.
#define KS_CHILD_INPUT_LIMIT 65536

/// Starts a program in a process group of its own, with a watcher as the group's leader.
///
/// The watcher is forked, does nothing but wait, and kills the group when `life` is closed or when the
/// child has ended. It takes the place of PR_SET_PDEATHSIG, which looks at the thread that forked rather
/// than at the process, and does not reach what the child has started itself.
/// - Returns: 0, or errno.
int ks_child_start(const char *path, char *const arguments[], const void *input, size_t input_count,
                   struct ks_child *child);
