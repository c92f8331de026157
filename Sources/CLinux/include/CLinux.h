/// System calls and functions that Swift's C library modules do not show. No logic here.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <string.h>

/// memmem(3): hidden behind _GNU_SOURCE, which the importer does not define.
const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count);
