import Layers

// An option set of another module is neither inlined nor specialised here, and its literals are
// built at run time: plain masks keep a packet's dozen questions off the heap.

extension Decoded.Marks {
  var isTunnelled: Bool { rawValue & 4 != 0 }
}

extension TCPFlags {
  var hasFIN: Bool { rawValue & 1 != 0 }
  var hasSYN: Bool { rawValue & 2 != 0 }
  var hasRST: Bool { rawValue & 4 != 0 }
  var hasACK: Bool { rawValue & 16 != 0 }
  /// SYN or FIN: the segment takes a sequence number of its own beside its payload's.
  var hasVirtualByte: Bool { rawValue & 3 != 0 }
  /// None of SYN, FIN and RST.
  var isPlain: Bool { rawValue & 7 == 0 }
}
