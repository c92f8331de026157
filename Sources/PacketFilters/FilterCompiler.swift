package import CPcap

/// libpcap's compiler: the one place that calls it.
package enum FilterCompiler {
  /// Bytes of a packet that programs may look at.
  package static let snapLength: Int32 = 262_144

  /// The program of a filter for packets as `handle` gives them.
  ///
  /// - Throws: what libpcap says of a text that is no filter.
  package static func program(
    _ text: String, _ handle: OpaquePointer
  ) throws(PacketFilterError) -> [bpf_insn] {
    var program = bpf_program()
    guard pcap_compile(handle, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
      throw PacketFilterError(message: String(cString: pcap_geterr(handle)), filter: text)
    }
    defer { pcap_freecode(&program) }
    return Array(UnsafeBufferPointer(start: program.bf_insns, count: Int(program.bf_len)))
  }
}
