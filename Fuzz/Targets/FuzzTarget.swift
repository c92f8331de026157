/// One entry for bytes that nobody vouches for, with the laws that hold whatever they are.
///
/// `make fuzz` feeds it inputs that libFuzzer makes up; `make test` feeds it the committed corpus
/// and every input that once was a failure.
package struct FuzzTarget: Sendable {
  /// As in `Fuzz/Corpus/NAME` and `Fuzz/Failures/NAME`.
  package let name: String
  /// What its bytes are, one line.
  package let doc: String
  /// Longest input worth trying, in bytes.
  package let maxLength: Int
  /// CPU time that one input may take, in milliseconds, with room for coverage counters.
  package let milliseconds: Int
  /// Takes one input; throws the law it broke.
  package let run: @Sendable ([UInt8]) throws(BrokenLaw) -> Void

  init(
    _ name: String, _ doc: String, maxLength: Int, milliseconds: Int = 2_000,
    run: @escaping @Sendable ([UInt8]) throws(BrokenLaw) -> Void
  ) {
    (self.name, self.doc, self.maxLength) = (name, doc, maxLength)
    (self.milliseconds, self.run) = (milliseconds, run)
  }

  /// Every target, in the order of the data's way.
  package static let all: [FuzzTarget] =
    [CaptureTarget.plain, CaptureTarget.compressed, LayersTarget.target, FlowsTarget.target]
    + DissectionTarget.all
    + [SealedTarget.target, QUICTarget.target, RecognitionTarget.target]
    + [BlockTarget.target, JSONTarget.target]
    + [KFLTarget.target, PlanTarget.target, MCPTarget.target, TextTarget.target]
    + [InventoryTarget.target, DecompressionTarget.target, ShipmentTarget.target]
    + [HTTPContentTarget.target]

  package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// What an input showed to be untrue.
package struct BrokenLaw: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// Throws `law` unless it holds.
func hold(
  _ holds: Bool, _ law: @autoclosure () -> String
) throws(BrokenLaw) {
  if !holds { throw BrokenLaw(law()) }
}
