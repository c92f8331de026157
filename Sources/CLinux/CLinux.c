#define _GNU_SOURCE
#include "CLinux.h"

const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count) {
  return memmem(hay, hay_count, needle, needle_count);
}
