#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>

int ks_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

/// Bytes of each of the three lanes that are read side by side.
enum { KS_LANE = 256 };

/// The register behind so many more zero bytes as x^(8 * bytes - 33) says, which is reflected as all
/// CRC-32C is: the product has x^1 too many, and the instruction multiplies by x^32.
__attribute__((target("sse4.2,pclmul")))
static uint64_t ks_crc32c_behind(uint64_t crc, uint32_t power) {
  __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)power), 0);
  return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/// Three lanes: each instruction waits three cycles for the one before it, and may be begun in each of
/// them.
__attribute__((target("sse4.2,pclmul")))
static uint64_t ks_crc32c_lanes(uint64_t crc, const unsigned char *at, size_t rounds) {
  for (; rounds > 0; rounds--, at += 3 * KS_LANE) {
    uint64_t second = 0, third = 0;
    for (size_t place = 0; place < KS_LANE; place += 8) {
      uint64_t a, b, c;
      memcpy(&a, at + place, 8);
      memcpy(&b, at + KS_LANE + place, 8);
      memcpy(&c, at + 2 * KS_LANE + place, 8);
      crc = _mm_crc32_u64(crc, a);
      second = _mm_crc32_u64(second, b);
      third = _mm_crc32_u64(third, c);
    }
    crc = ks_crc32c_behind(crc, 0xdd7e3b0c) ^ ks_crc32c_behind(second, 0xb9e02b86) ^ third;
  }
  return crc;
}

__attribute__((target("sse4.2")))
uint32_t ks_crc32c(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  uint64_t wide = crc;
  if (count >= 3 * KS_LANE && __builtin_cpu_supports("pclmul")) {
    size_t rounds = count / (3 * KS_LANE);
    wide = ks_crc32c_lanes(wide, at, rounds);
    at += rounds * 3 * KS_LANE;
    count -= rounds * 3 * KS_LANE;
  }
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

uint64_t ks_drawn_seed;

__attribute__((constructor))
static void ks_draw_seed(void) {
  if (getentropy(&ks_drawn_seed, sizeof ks_drawn_seed) == 0) return;
  // A system that has none to give: what strangers do not see must do.
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  ks_drawn_seed = ((uint64_t)now.tv_nsec ^ (uintptr_t)&now) * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
}

const void *ks_memmem(const void *hay, size_t hay_count, const void *needle, size_t needle_count) {
  return memmem(hay, hay_count, needle, needle_count);
}

extern char **environ;

static int ks_bell = -1;

static void ks_ring(int number) {
  (void)number;
  int before = errno;
  (void)!write(ks_bell, "", 1);
  errno = before;
}

/// Closes all descriptors from `first` on.
static void ks_close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0) return;
#endif
  long count = sysconf(_SC_OPEN_MAX);
  if (count < 0 || count > 65536) count = 65536;
  for (int file = first; file < count; file++) close(file);
}

/// Puts the four descriptors at 0, 1, 2 and 3, and closes all others.
static void ks_keep(int zero, int one, int two, int three) {
  int kept[4] = {zero, one, two, three};
  for (int at = 0; at < 4; at++) kept[at] = fcntl(kept[at], F_DUPFD, 10);
  for (int at = 0; at < 4; at++) dup2(kept[at], at);
  ks_close_from(4);
}

static void ks_report(int file, int failure, int status) {
  struct ks_child_end end = {failure, status};
  (void)!write(file, &end, sizeof end);
}

/// The watcher's whole life; only calls that are safe after a fork of a program with threads.
static void ks_watch(const char *path, char *const arguments[], int life, int report, int input,
                     int output, int error) {
  setpgid(0, 0);
  int bell[2];
  if (pipe(bell) != 0) _exit(1);
  ks_bell = bell[1];
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);
  // Whoever ignores it (nohup) wants what is started to go on as well.
  struct sigaction before;
  if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
    sigaction(SIGHUP, &action, NULL);
  }
  action.sa_handler = ks_ring;
  sigaction(SIGCHLD, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  pid_t child = fork();
  if (child == 0) {
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, NULL);
    ks_keep(input, output, error, report);
    fcntl(3, F_SETFD, FD_CLOEXEC);
    execve(path, arguments, environ);
    ks_report(3, errno, 0);
    _exit(127);
  }
  int failure = child < 0 ? errno : 0;
  ks_keep(life, report, bell[0], bell[1]);
  ks_bell = 3;
  if (child < 0) {
    ks_report(1, failure, 0);
    _exit(1);
  }
  while (1) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) {
      ks_report(1, 0, status);
      kill(0, SIGKILL);
    }
    struct pollfd waits[2] = {{.fd = 0, .events = POLLIN}, {.fd = 2, .events = POLLIN}};
    if (poll(waits, 2, -1) < 0) continue;
    char byte;
    if (waits[0].revents != 0 && read(0, &byte, 1) <= 0) kill(0, SIGKILL);
    if (waits[1].revents != 0) (void)!read(2, &byte, 1);
  }
}

static int ks_pipe(int ends[2]) {
  if (pipe(ends) != 0) return -1;
  for (int at = 0; at < 2; at++) fcntl(ends[at], F_SETFD, FD_CLOEXEC);
  return 0;
}

int ks_child_start(const char *path, char *const arguments[], const void *input, size_t input_count,
                   struct ks_child *child) {
  enum { life, report, output, error, feed, count };
  int ends[count][2];
  for (int at = 0; at < count; at++) ends[at][0] = ends[at][1] = -1;
  int failure = input_count > KS_CHILD_INPUT_LIMIT ? EMSGSIZE : 0;
  for (int at = 0; at < count && failure == 0; at++) {
    if (ks_pipe(ends[at]) != 0) failure = errno;
  }
  if (failure == 0 && input_count > 0) {
    // Without a reader a pipe holds this much only where it has its usual capacity.
    fcntl(ends[feed][1], F_SETFL, O_NONBLOCK);
    ssize_t wrote = write(ends[feed][1], input, input_count);
    if (wrote < 0) failure = errno;
    else if ((size_t)wrote < input_count) failure = EMSGSIZE;
  }
  pid_t watcher = -1;
  if (failure == 0) {
    watcher = fork();
    if (watcher == 0) {
      ks_watch(path, arguments, ends[life][0], ends[report][1], ends[feed][0], ends[output][1],
               ends[error][1]);
    }
    if (watcher < 0) failure = errno;
  }
  int kept[count] = {ends[life][1], ends[report][0], ends[output][0], ends[error][0], -1};
  for (int at = 0; at < count; at++) {
    for (int end = 0; end < 2; end++) {
      int file = ends[at][end];
      if (file >= 0 && (failure != 0 || file != kept[at])) close(file);
    }
  }
  if (failure != 0) return failure;
  *child = (struct ks_child){watcher, kept[life], kept[report], kept[output], kept[error]};
  return 0;
}

int ks_allowed_processors(void) {
  // The kernel wants room for all processors it could have, and says so when there is less.
  for (int room = CPU_SETSIZE; room <= 1 << 16; room *= 4) {
    cpu_set_t *set = CPU_ALLOC(room);
    if (set == NULL) return 0;
    size_t size = CPU_ALLOC_SIZE(room);
    int failed = sched_getaffinity(0, size, set);
    int count = failed ? 0 : CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (!failed) return count;
    if (errno != EINVAL) return 0;
  }
  return 0;
}

#if defined(__GLIBC__)
#include <malloc.h>
void ks_trim_memory(void) { malloc_trim(0); }
#else
void ks_trim_memory(void) {}
#endif
