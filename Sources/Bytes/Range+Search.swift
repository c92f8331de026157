extension Range<Int> {
  /// The first place for which `isBehind` holds, as it then does for all after it; the upper bound
  /// when there is none.
  @inlinable
  @inline(__always)
  package func firstPlace(where isBehind: (Int) -> Bool) -> Int {
    var (low, high) = (lowerBound, upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
