/// How much of a capture is held at once. What is turned away is counted in `CaptureSummary`.
package struct CaptureLimits: Sendable {
  /// Bytes of one chunk; a larger packet gets a chunk of its own.
  package var chunk = 1 << 20
  /// Chunks whose memory is kept for the next ones.
  package var spareChunks = 24
  /// Largest packet record or pcapng block, in bytes; a larger one means corruption.
  package var record = 16 << 20
  /// Interfaces kept. Those of later sections count as the last; a section's packets of
  /// interfaces beyond the limit are skipped, with warnings.
  package var interfaces = 16_384
  /// Names kept from name resolution records.
  package var names = 100_000
  /// Bytes kept of decryption secrets.
  package var secretBytes = 16 << 20
  /// Bytes kept of a name, and of each text that describes an interface or a section.
  package var textBytes = 255
  /// Comments kept, and bytes of each; a capture filter may be as long.
  package var comments = 1_000
  package var commentBytes = 4_096
  /// Warnings kept; further ones are only counted.
  package var warnings = 100
  /// Kinds of unknown blocks told apart; further kinds are counted under 0.
  package var blockKinds = 64

  package init() {}
}
