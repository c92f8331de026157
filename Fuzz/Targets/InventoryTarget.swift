import Identity

/// A workloads file: YAML or JSON.
enum InventoryTarget {
  static let target = FuzzTarget(
    "inventory", "a file that lists workloads, YAML or JSON", maxLength: 4 << 10
  ) { bytes throws(BrokenLaw) in
    do throws(InventoryError) {
      let inventory = try InventoryReader.inventory(of: bytes, path: "workloads")
      _ = inventory.items.map { inventory.services(of: $0) }
    } catch {
      try hold(error.message.contains("workloads"), "an error that names no file")
    }
  }
}
