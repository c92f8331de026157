// Sends the frames of a pcap file through an interface at a steady rate, for Scripts/bench-live.
//
// Usage: send-frames INTERFACE FILE PACKETS_PER_SECOND PACKETS
//
// The file is little-endian, of Ethernet frames with IPv4 without options. It is sent again and again;
// each time clients (addresses 10.1.*.*) are others, so that their connections are new ones. Prints
// how many frames the kernel took and the seconds it took. Checksums are left as they are.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64 };

struct frame {
  unsigned char *bytes;
  uint32_t count;
  // Where the lower half of the client's address is.
  uint32_t client;
};

static void fail(const char *what) {
  fprintf(stderr, "send-frames: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static struct frame *frames_of(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(length);
  if (!bytes || fread(bytes, 1, length, file) != (size_t)length) fail(path);
  fclose(file);
  struct frame *frames = malloc(sizeof *frames * (length / 16 + 1));
  *count = 0;
  for (long at = 24; at + 16 <= length;) {
    uint32_t captured;
    memcpy(&captured, bytes + at + 8, 4);
    at += 16;
    if (captured < 34 || at + captured > length) break;
    unsigned char *source = bytes + at + 26;
    int is_request = source[0] == 10 && source[1] == 1;
    frames[(*count)++] = (struct frame){bytes + at, captured, is_request ? 28 : 32};
    at += captured;
  }
  return frames;
}

int main(int arguments, char **argument) {
  if (arguments != 5) return 2;
  size_t count;
  struct frame *frames = frames_of(argument[2], &count);
  double rate = atof(argument[3]);
  uint64_t wanted = strtoull(argument[4], NULL, 10);
  if (count == 0 || rate <= 0) return 2;

  int out = socket(AF_PACKET, SOCK_RAW, 0);
  if (out < 0) fail("socket");
  struct sockaddr_ll address = {
    .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argument[1])};
  if (bind(out, (struct sockaddr *)&address, sizeof address) != 0) fail(argument[1]);
  int yes = 1;
  setsockopt(out, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);

  struct mmsghdr messages[BATCH];
  struct iovec pieces[BATCH];
  memset(messages, 0, sizeof messages);
  uint64_t sent = 0, refused = 0;
  size_t next = 0;
  uint16_t pass = 0;
  double start = now();
  while (sent < wanted) {
    int batch = 0;
    while (batch < BATCH && sent + batch < wanted && next < count) {
      struct frame frame = frames[next++];
      uint16_t host = htons(pass);
      memcpy(frame.bytes + frame.client, &host, 2);
      pieces[batch] = (struct iovec){frame.bytes, frame.count};
      messages[batch].msg_hdr.msg_iov = &pieces[batch];
      messages[batch].msg_hdr.msg_iovlen = 1;
      batch++;
    }
    if (next == count) {
      next = 0;
      pass++;
    }
    for (int done = 0; done < batch;) {
      int some = sendmmsg(out, messages + done, batch - done, 0);
      if (some > 0) {
        done += some;
      } else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) {
        refused++;
      } else {
        fail("sendmmsg");
      }
    }
    sent += batch;
    double ahead = start + sent / rate - now();
    if (ahead > 0.0002) {
      struct timespec pause = {(time_t)ahead, (long)((ahead - (time_t)ahead) * 1e9)};
      nanosleep(&pause, NULL);
    }
  }
  printf("%llu %.3f %llu\n", (unsigned long long)sent, now() - start, (unsigned long long)refused);
  return 0;
}
