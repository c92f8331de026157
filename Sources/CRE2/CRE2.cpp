#include "CRE2.h"

#include <re2/re2.h>

#include <new>

struct ks_re2 {
  ks_re2(re2::StringPiece pattern, const RE2::Options &options) : re(pattern, options) {}
  RE2 re;
};

extern "C" ks_re2 *ks_re2_compile(const char *pattern, size_t length, int64_t max_memory) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(max_memory);
  return new (std::nothrow) ks_re2(re2::StringPiece(pattern, length), options);
}

extern "C" const char *ks_re2_error(const ks_re2 *re) {
  return re->re.ok() ? nullptr : re->re.error().c_str();
}

extern "C" int ks_re2_program_size(const ks_re2 *re) { return re->re.ok() ? re->re.ProgramSize() : -1; }

extern "C" bool ks_re2_find(const ks_re2 *re, const char *text, size_t length) {
  return RE2::PartialMatch(re2::StringPiece(text, length), re->re);
}

extern "C" void ks_re2_free(ks_re2 *re) { delete re; }
