/// RE2 behind C functions: linear time on hostile input, the syntax CEL prescribes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ks_re2 ks_re2;

/// Compiles `pattern` within `max_memory` bytes.
///
/// Always returns an object, to be released with `ks_re2_free`; ask `ks_re2_error` whether it is
/// usable. Null only when memory is out.
ks_re2 *ks_re2_compile(const char *pattern, size_t length, int64_t max_memory);

/// The reason why the pattern was refused, or null when it is usable. Lives as long as `re`.
const char *ks_re2_error(const ks_re2 *re);

/// Instructions of the compiled program, a measure of cost; -1 when it is not usable.
int ks_re2_program_size(const ks_re2 *re);

/// Whether the pattern is found anywhere in the text.
bool ks_re2_find(const ks_re2 *re, const char *text, size_t length);

void ks_re2_free(ks_re2 *re);

#ifdef __cplusplus
}
#endif
