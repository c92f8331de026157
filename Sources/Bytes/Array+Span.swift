extension [UInt8] {
  /// The array's bytes, borrowed, as the currency of parsers.
  package var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get {
      // Every byte of a UInt8 is initialized and any value is valid: what `bytes` warns of
      // cannot happen here.
      let span = unsafe self.span.bytes
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
