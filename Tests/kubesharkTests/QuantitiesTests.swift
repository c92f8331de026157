import Testing

@testable import kubeshark

struct QuantitiesTests {
  @Test(arguments: [
    ("1", 1), ("500M", 500 << 20), ("20Gi", 20 << 30), ("2TB", 2 << 40), ("1kib", 1 << 10),
  ])
  func sizesAreRead(_ text: String, _ bytes: Int) {
    #expect(ByteSize(argument: text)?.bytes == Int64(bytes))
  }

  @Test(arguments: ["", "0", "-1", "1.5Gi", "G", "1P", "9999999999T"])
  func whatIsNoSizeIsRefused(_ text: String) { #expect(ByteSize(argument: text) == nil) }

  /// Together they never fill the volume, beyond which a pod is evicted.
  @Test func whatIsLeftOfAFolderLeavesRoomForWhatIsBesideIt() throws {
    let volume = try #require(ByteSize(argument: "20Gi"))
    let calls: Int64 = 500 << 20
    let left = try #require(volume.left(beside: calls))
    #expect(left + calls <= volume.bytes - volume.bytes / 8)
    #expect(left > 16 << 30)
    #expect(volume.left(beside: 18 << 30) == nil)
  }
}
