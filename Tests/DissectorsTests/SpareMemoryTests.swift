import Testing

@testable import Dissectors

@Suite struct SpareMemoryTests {
  @Test func memoryIsNoMoreThanFourTimesWhatIsAskedFor() {
    var spare = SpareMemory()
    for count in [1 << 10, 4 << 10, (4 << 10) + 1, 8 << 10, 16_389, 18 << 10] {
      let memory = spare.take(count) ?? [1]
      #expect(memory.isEmpty)
      #expect(memory.capacity >= count && memory.capacity <= 4 * count + 64)
    }
    let beyond = spare.take((18 << 10) + 1)
    #expect(beyond == nil)
  }

  @Test func whatIsGivenComesBackEmpty() {
    var spare = SpareMemory()
    var memory = spare.take(5000) ?? []
    memory.append(7)
    spare.give(memory)
    spare.give([1, 2, 3])
    for count in [6000, 2000] {
      let again = spare.take(count) ?? [1]
      #expect(again.isEmpty && again.capacity >= count)
    }
  }
}
