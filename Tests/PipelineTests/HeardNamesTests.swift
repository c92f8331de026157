import Bytes
import Entries
import Testing

@testable import Pipeline

@Suite struct HeardNamesTests {
  private static let address = IPAddress(v4: 0x0a00_0001)

  private func item(
    _ name: String, _ seconds: Int64, _ address: IPAddress = Self.address
  ) -> HeardNames.Item {
    HeardNames.Item(
      address: address, workload: Workload(dns: name),
      since: Timestamp(milliseconds: seconds * 1_000))
  }

  private func workload(
    _ names: HeardNames, _ holder: Workload? = nil, at seconds: Int64
  ) -> Workload? {
    var names = names
    return names.workload(
      holder, at: Self.address, when: Timestamp(milliseconds: seconds * 1_000))
  }

  private func name(_ names: HeardNames, at seconds: Int64) -> String? {
    workload(names, at: seconds)?.dns
  }

  @Test func aNameHoldsFromWhenItWasHeard() {
    var names = HeardNames()
    #expect(names.isEmpty && name(names, at: 9) == nil)
    names.add([item("a.test", 10), item("a.test", 15), item("b.test", 20)])
    #expect(name(names, at: 9) == nil)
    #expect(name(names, at: 10) == "a.test" && name(names, at: 19) == "a.test")
    #expect(name(names, at: 20) == "b.test")
  }

  @Test func holdersKeepWhatElseIsKnownOfThem() {
    var names = HeardNames()
    names.add([item("a.test", 10)])
    let pod = Workload(pod: "orders-0", podNamespace: "shop", labels: ["app": "orders"])
    let when = Timestamp(milliseconds: 11_000)
    let named = names.workload(pod, at: Self.address, when: when)
    #expect(named?.dns == "a.test" && named?.pod == "orders-0" && named?.labels == pod.labels)
    // One for all entries.
    let again = names.workload(pod, at: Self.address, when: when)
    #expect(again === named)
    let known = Workload(pod: "x", dns: "known.test")
    #expect(workload(names, known, at: 11) === known)
  }

  @Test func onlySoManyAreRemembered() {
    var names = HeardNames()
    for second in 0..<10 as Range<Int64> { names.add([item("n\(second).test", second)]) }
    #expect(name(names, at: 5) == nil && name(names, at: 6) == "n6.test")
    let many = UInt32(HeardNames.maxAddresses)
    for number in 0..<many { names.add([item("m.test", 20, IPAddress(v4: 0x0b00_0000 + number))]) }
    #expect(names.forgotten == 1 && name(names, at: 30) == nil)
    for number in 0..<many { names.add([item("m.test", 20, IPAddress(v4: 0x0c00_0000 + number))]) }
    #expect(names.forgotten == UInt64(many) + 1)
  }
}
