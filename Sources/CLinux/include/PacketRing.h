/// Packet sockets with rings of received packets, as packet(7) and the kernel's packet_mmap page
/// describe them (TPACKET_V3). Swift sees neither the option's structures nor the memory order that
/// blocks are handed over with. No logic here. Functions give 0 or the system's error number.
#pragma once
#if defined(__linux__)
#include <stddef.h>
#include <stdint.h>

/// One instruction of a classic BPF program, as the kernel and libpcap lay it out.
struct ks_instruction {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};

/// A packet of a block.
struct ks_packet {
  const uint8_t *bytes;
  /// Bytes from here to the next packet of the block.
  uint32_t next;
  uint32_t seconds, nanoseconds;
  /// Bytes there are, and bytes there were on the wire.
  uint32_t captured, length;
  /// Whether a VLAN tag was taken off, and what it was.
  int has_tag;
  uint16_t tag, tag_protocol;
  /// Of the sockaddr_ll beside it: `protocol` in network order.
  int32_t interface;
  uint16_t protocol, hardware;
  uint8_t direction, address_length;
  uint8_t address[8];
};

/// A socket that receives nothing yet. `cooked` leaves the link header off.
int ks_ring_socket(int cooked, int *descriptor);
/// Gives the socket a ring of `blocks` blocks and maps it. A block is handed over when it is full or
/// `milliseconds` old.
int ks_ring_map(
  int descriptor, uint32_t block_bytes, uint32_t blocks, uint32_t milliseconds, void **memory);
void ks_ring_unmap(void *memory, uint32_t block_bytes, uint32_t blocks);
/// Puts a filter before the ring, or takes the one before away when `count` is 0.
int ks_ring_filter(int descriptor, const struct ks_instruction *program, uint16_t count);
/// From now on packets of this interface are received; 0 is all of them.
int ks_ring_bind(int descriptor, int interface);
/// Joins the group `*group` of sockets that share packets by a hash of their addresses and ports,
/// the same for both directions. With `is_first` a free group is taken and told.
int ks_ring_share(int descriptor, int is_first, uint16_t *group);
/// Leaves packets out that this machine sends.
int ks_ring_ignore_outgoing(int descriptor);
int ks_ring_promiscuous(int descriptor, int interface);
/// Packets that passed the filter since the last call, and those of them that found no room.
int ks_ring_counters(int descriptor, uint32_t *packets, uint32_t *dropped);
/// The error that the socket holds, which is cleared: 0, or ENETDOWN when the interface went away.
int ks_ring_error(int descriptor);

/// ARPHRD_… of an interface, or -1 when there is none of that name.
int ks_interface_hardware(int descriptor, const char *name);
/// Whether an interface is up; 0 also when there is none of that name.
int ks_interface_is_up(int descriptor, const char *name);

/// Whether the kernel has handed this block over.
int ks_block_is_ready(const void *block);
/// Gives a block back to the kernel.
void ks_block_release(void *block);
/// Packets in a block, bytes in use, and where its first packet is.
uint32_t ks_block_packets(const void *block);
uint32_t ks_block_bytes(const void *block);
const void *ks_block_first(const void *block);
/// The packet at `at`.
void ks_block_packet(const void *at, struct ks_packet *packet);
#endif
