#define _GNU_SOURCE
#include "CLinux.h"

#if defined(__x86_64__)
#include <nmmintrin.h>

int ks_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2")))
uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  uint64_t wide = crc;
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = (uint32_t)wide;
  for (; count > 0; at++, count--) crc = _mm_crc32_u8(crc, *at);
  return crc;
}
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

int ks_has_crc32c(void) { return 1; }

uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = __crc32cd(crc, word);
  }
  for (; count > 0; at++, count--) crc = __crc32cb(crc, *at);
  return crc;
}
#else
int ks_has_crc32c(void) { return 0; }

uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return crc;
}
#endif

const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count) {
  return memmem(hay, hay_count, needle, needle_count);
}
