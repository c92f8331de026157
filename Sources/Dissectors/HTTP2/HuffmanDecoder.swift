import Bytes

/// Undoes the Huffman coding of header strings (RFC 7541 §5.2), four bits at a time.
struct HuffmanDecoder: Sendable {
  static let shared = HuffmanDecoder()

  /// What four bits lead to from a node of the code's tree, packed: the next node in bits 0 to 7,
  /// the octet they complete in bits 8 to 15, and the flags below.
  private typealias Move = UInt32
  private static let emits: Move = 1 << 16
  /// The bits complete EOS, which is forbidden inside a string.
  private static let fails: Move = 1 << 17
  /// The string may end here: what is left are the first bits of EOS, at most seven.
  private static let mayEnd: Move = 1 << 18

  /// Indexed by node and next four bits. The shortest code has five bits, so that four complete at
  /// most one.
  private let moves: [Move]

  private init() {
    var tree = HuffmanTree()
    var code: UInt32 = 0
    var length: UInt8 = 0
    for symbol in HuffmanTable.lengths.indices.sorted(by: {
      (HuffmanTable.lengths[$0], $0) < (HuffmanTable.lengths[$1], $1)
    }) {
      let next = HuffmanTable.lengths[symbol]
      if length > 0 { code = (code + 1) << UInt32(next - length) }
      length = next
      tree.insert(symbol, code: code, length: Int(length))
    }
    moves = Self.moves(of: tree)
  }

  private static func moves(of tree: HuffmanTree) -> [Move] {
    var moves: [Move] = []
    moves.reserveCapacity(tree.nodes.count * 16)
    for start in tree.nodes.indices {
      for bits in 0..<16 {
        var node = start
        var move: Move = 0
        for shift in [3, 2, 1, 0] {
          let child = tree.nodes[node][bits >> shift & 1]
          switch child {
          case .node(let next): node = next
          case .symbol(HuffmanTree.eos), .nothing: move |= fails
          case .symbol(let symbol):
            move |= emits | Move(symbol) << 8
            node = 0
          }
          if move & fails != 0 { break }
        }
        if tree.isPadding[node] { move |= mayEnd }
        moves.append(move | Move(node))
      }
    }
    return moves
  }

  /// Appends the decoded octets to `output`: at most 8 for 5 of `bytes`.
  /// - Throws: `invalid` when the bits are no Huffman string.
  func decode(_ bytes: RawSpan, into output: inout [UInt8]) throws(WireError) {
    var node = 0
    var last = Self.mayEnd
    for offset in 0..<bytes.byteCount {
      let byte = Int(bytes.byte(offset))
      let first = moves[node << 4 | byte >> 4]
      if first & Self.emits != 0 { output.append(UInt8(truncatingIfNeeded: first >> 8)) }
      let second = moves[Int(first & 0xff) << 4 | byte & 15]
      if second & Self.emits != 0 { output.append(UInt8(truncatingIfNeeded: second >> 8)) }
      if (first | second) & Self.fails != 0 { throw WireError(.invalid, at: offset) }
      node = Int(second & 0xff)
      last = second
    }
    if last & Self.mayEnd == 0 { throw WireError(.invalid, at: bytes.byteCount) }
  }
}

/// The code as a binary tree, from which the moves are made.
private struct HuffmanTree {
  static let eos = 256

  enum Child {
    case nothing
    case node(Int)
    case symbol(Int)
  }

  /// Both children of each inner node, for bit 0 and bit 1; the root is the first.
  var nodes: [[Child]] = [[.nothing, .nothing]]
  /// Whether only ones, and at most seven, lead to the node.
  var isPadding = [true]

  mutating func insert(_ symbol: Int, code: UInt32, length: Int) {
    var node = 0
    for depth in 1...length {
      let bit = Int(code >> UInt32(length - depth) & 1)
      if depth == length {
        nodes[node][bit] = .symbol(symbol)
      } else if case .node(let next) = nodes[node][bit] {
        node = next
      } else {
        nodes[node][bit] = .node(nodes.count)
        isPadding.append(isPadding[node] && bit == 1 && depth <= 7)
        node = nodes.count
        nodes.append([.nothing, .nothing])
      }
    }
  }
}
