#define _GNU_SOURCE
#include "PacketRing.h"

#if defined(__linux__)
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct ks_instruction) == sizeof(struct sock_filter), "layout of BPF");

static int set(int descriptor, int option, const void *value, socklen_t length) {
  return setsockopt(descriptor, SOL_PACKET, option, value, length) == 0 ? 0 : errno;
}

int ks_ring_socket(int cooked, int *descriptor) {
  // Protocol 0: nothing is received before ks_ring_bind.
  *descriptor = socket(AF_PACKET, (cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
  return *descriptor >= 0 ? 0 : errno;
}

int ks_ring_map(
  int descriptor, uint32_t block_bytes, uint32_t blocks, uint32_t milliseconds, void **memory) {
  int version = TPACKET_V3;
  int failure = set(descriptor, PACKET_VERSION, &version, sizeof version);
  if (failure) return failure;
  struct tpacket_req3 request = {
    .tp_block_size = block_bytes, .tp_block_nr = blocks, .tp_frame_size = 2048,
    .tp_frame_nr = (block_bytes / 2048) * blocks, .tp_retire_blk_tov = milliseconds};
  failure = set(descriptor, PACKET_RX_RING, &request, sizeof request);
  if (failure) return failure;
  *memory = mmap(
    NULL, (size_t)block_bytes * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return *memory == MAP_FAILED ? errno : 0;
}

void ks_ring_unmap(void *memory, uint32_t block_bytes, uint32_t blocks) {
  munmap(memory, (size_t)block_bytes * blocks);
}

int ks_ring_filter(int descriptor, const struct ks_instruction *program, uint16_t count) {
  struct sock_fprog filter = {.len = count, .filter = (struct sock_filter *)program};
  int done = count == 0
    ? setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &filter, sizeof filter)
    : setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  return done == 0 ? 0 : errno;
}

int ks_ring_bind(int descriptor, int interface) {
  struct sockaddr_ll address = {
    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = interface};
  return bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

int ks_ring_share(int descriptor, int is_first, uint16_t *group) {
  int kind = PACKET_FANOUT_HASH << 16;
  int value = is_first ? kind | PACKET_FANOUT_FLAG_UNIQUEID << 16 : kind | *group;
  int failure = set(descriptor, PACKET_FANOUT, &value, sizeof value);
  if (failure || !is_first) return failure;
  socklen_t length = sizeof value;
  if (getsockopt(descriptor, SOL_PACKET, PACKET_FANOUT, &value, &length) != 0) return errno;
  *group = (uint16_t)value;
  return 0;
}

int ks_ring_ignore_outgoing(int descriptor) {
  int yes = 1;
  return set(descriptor, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
}

int ks_ring_promiscuous(int descriptor, int interface) {
  struct packet_mreq request = {.mr_ifindex = interface, .mr_type = PACKET_MR_PROMISC};
  return set(descriptor, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
}

int ks_ring_counters(int descriptor, uint32_t *packets, uint32_t *dropped) {
  struct tpacket_stats_v3 counters;
  socklen_t length = sizeof counters;
  if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &counters, &length) != 0) return errno;
  *packets = counters.tp_packets;
  *dropped = counters.tp_drops;
  return 0;
}

int ks_ring_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

int ks_interface_hardware(int descriptor, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(descriptor, SIOCGIFHWADDR, &request) != 0) return -1;
  return request.ifr_hwaddr.sa_family;
}

int ks_interface_is_up(int descriptor, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return ioctl(descriptor, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

static struct tpacket_hdr_v1 *header(const void *block) {
  return &((struct tpacket_block_desc *)block)->hdr.bh1;
}

int ks_block_is_ready(const void *block) {
  return (__atomic_load_n(&header(block)->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
}

void ks_block_release(void *block) {
  __atomic_store_n(&header(block)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

uint32_t ks_block_packets(const void *block) { return header(block)->num_pkts; }

uint32_t ks_block_bytes(const void *block) { return header(block)->blk_len; }

const void *ks_block_first(const void *block) {
  return (const uint8_t *)block + header(block)->offset_to_first_pkt;
}

void ks_block_packet(const void *at, struct ks_packet *packet) {
  const struct tpacket3_hdr *head = at;
  const struct sockaddr_ll *link =
    (const void *)((const uint8_t *)at + TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
  packet->bytes = (const uint8_t *)at + head->tp_mac;
  packet->next = head->tp_next_offset;
  packet->seconds = head->tp_sec;
  packet->nanoseconds = head->tp_nsec;
  packet->captured = head->tp_snaplen;
  packet->length = head->tp_len;
  packet->has_tag = (head->tp_status & TP_STATUS_VLAN_VALID) != 0;
  packet->tag = (uint16_t)head->hv1.tp_vlan_tci;
  packet->tag_protocol =
    (head->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? head->hv1.tp_vlan_tpid : ETH_P_8021Q;
  packet->interface = link->sll_ifindex;
  packet->protocol = link->sll_protocol;
  packet->hardware = link->sll_hatype;
  packet->direction = link->sll_pkttype;
  packet->address_length = link->sll_halen;
  memcpy(packet->address, link->sll_addr, sizeof packet->address);
}
#endif
