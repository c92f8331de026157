/// Functions of the system and instructions of the processor that Swift does not show. No logic here.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "PacketRing.h"

/// memmem(3): hidden behind _GNU_SOURCE, which the importer does not define.
const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count);

/// Whether this processor computes CRC-32C itself; if not, `ks_crc32c` must not be used.
int ks_has_crc32c(void);

/// The register after `count` more bytes (SSE 4.2, ARMv8 CRC), without the inversions.
uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count);
