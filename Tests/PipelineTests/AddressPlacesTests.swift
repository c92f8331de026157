import Bytes
import Testing

@testable import Pipeline

@Suite struct AddressPlacesTests {
  /// Addresses come and go, and are found as in a dictionary.
  @Test func whatWasAddedIsFoundUntilItIsTakenOut() {
    var places = AddressPlaces()
    var expected: [IPAddress: Int] = [:]
    var state: UInt64 = 7
    for step in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = UInt32(truncatingIfNeeded: state >> 33) % 500
      let address =
        number % 3 == 0
        ? IPAddress(high: UInt64(number), low: 1) : IPAddress(v4: 0x0a00_0000 + number)
      if expected[address] == nil {
        places.add(address, at: step)
        expected[address] = step
      } else {
        places.remove(address)
        expected[address] = nil
      }
      if step % 1_000 == 0 {
        for other in 0..<500 as Range<UInt32> {
          let address = IPAddress(v4: 0x0a00_0000 + other)
          #expect(places[address] == expected[address])
        }
      }
    }
    for (address, place) in expected { #expect(places[address] == place) }
  }

  @Test func nothingIsFoundAtFirst() {
    var places = AddressPlaces()
    #expect(places[IPAddress(v4: 0)] == nil)
    places.add(IPAddress(v4: 0), at: 3)
    places.remove(IPAddress(v4: 1))
    #expect(places[IPAddress(v4: 0)] == 3)
  }
}
