import Packets
import Testing

@testable import Capture

@Suite struct InterfaceTableTests {
  private func index(
    of number: Int32, _ name: String, in table: inout InterfaceTable
  ) -> Int {
    table.index(of: number) { CaptureInterface(linkType: .ethernet, name: name) }
  }

  @Test func anInterfaceThatComesBackIsTheSame() {
    var table = InterfaceTable(most: 8)
    #expect(index(of: 2, "eth0", in: &table) == 0)
    #expect(index(of: 5, "veth1", in: &table) == 1)
    #expect(index(of: 2, "eth0", in: &table) == 0)
    #expect(index(of: 9, "veth1", in: &table) == 1)
    #expect(table.interfaces.map(\.name) == ["eth0", "veth1"])
  }

  /// On a node where thousands of pods have come and gone, a packet on its pod's interface and on the
  /// bridge is still seen on two.
  @Test func howeverManyThereWereThoseThatAreThereDiffer() {
    var table = InterfaceTable(most: 8)
    for number in 1...100 as ClosedRange<Int32> {
      let others = (max(1, number - 5)..<number).map { index(of: $0, "veth\($0)", in: &table) }
      let new = index(of: number, "veth\(number)", in: &table)
      #expect((0..<8).contains(new))
      #expect(number <= 16 || !others.contains(new), "\(number)")
    }
    #expect(table.interfaces.count == 8)
  }
}
