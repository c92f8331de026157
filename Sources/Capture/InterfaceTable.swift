import Packets

/// The interfaces packets came from, by their numbers in the kernel.
struct InterfaceTable: Sendable {
  /// In the order in which packets came of them.
  private(set) var interfaces: [CaptureInterface] = []
  private var indices: [Int32: Int] = [:]
  private let most: Int

  /// - Parameter most: interfaces that are told apart by name.
  init(most: Int) { self.most = most }

  /// The place of an interface in `interfaces`.
  ///
  /// Each pod of a node has an interface of its own, so that in the end there were more than `most`.
  /// Those beyond take the places of others, which have most likely gone: the kernel counts
  /// interfaces up, so that two new ones that are there at the same time take different places.
  ///
  /// - Parameter describe: says what it is, when it is a new one.
  mutating func index(of number: Int32, _ describe: () -> CaptureInterface) -> Int {
    if let index = indices[number] { return index }
    let interface = describe()
    var index = Int(UInt32(bitPattern: number)) % most
    // An interface that went and came has a new number.
    if let known = interfaces.firstIndex(where: { $0.name == interface.name }) {
      index = known
    } else if interfaces.count < most {
      index = interfaces.count
      interfaces.append(interface)
    }
    if indices.count >= most { indices = [:] }
    indices[number] = index
    return index
  }
}
