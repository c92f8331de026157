import Packets

#if canImport(Glibc)
  import CLinux
  import Glibc
#elseif canImport(Musl)
  import CLinux
  import Musl
#endif

/// The network interfaces of this machine.
package enum Interfaces {
  /// The name that stands for all of them.
  package static let any = "any"

  #if canImport(Glibc) || canImport(Musl)
    /// In the order of their numbers.
    package static var names: [String] {
      guard let list = if_nameindex() else { return [] }
      defer { if_freenameindex(list) }
      var names: [String] = []
      var at = list
      while at.pointee.if_index != 0, let name = at.pointee.if_name {
        names.append(String(cString: name))
        at += 1
      }
      return names
    }

    /// Nil when there is none of that name.
    static func number(of name: String) -> Int32? {
      let number = if_nametoindex(name)
      return number > 0 ? Int32(number) : nil
    }

    static func name(of number: Int32) -> String? {
      var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
      guard if_indextoname(UInt32(bitPattern: number), &name) != nil else { return nil }
      return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }

    /// How packets of the interface begin. Kinds that show no header of a known form, and all
    /// interfaces together, are captured cooked.
    static func linkType(of name: String, asking descriptor: Int32) -> LinkType {
      switch name == any ? -1 : ks_interface_hardware(descriptor, name) {
      case 1, 772: .ethernet  // ARPHRD_ETHER, ARPHRD_LOOPBACK
      case 519, 0xfffe: .raw  // ARPHRD_RAWIP, ARPHRD_NONE
      default: .linuxSLL2
      }
    }

    /// ARPHRD_LOOPBACK: what it sends it also receives.
    static func isLoopback(_ name: String, asking descriptor: Int32) -> Bool {
      ks_interface_hardware(descriptor, name) == 772
    }
  #else
    package static var names: [String] { [] }
  #endif
}
