#include "version.h"

// Builds by make define it; others have the number alone. It stands in a file of its own, so that a
// new commit compiles nothing else.
#ifndef KUBESHARK_VERSION
#define KUBESHARK_VERSION "0.1.0"
#endif

const char *kubeshark_version(void) { return KUBESHARK_VERSION; }
