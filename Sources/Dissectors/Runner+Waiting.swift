import Bytes
import Flows

// Bytes that wait for the rest of a message, and those that a reader keeps, are charged to the ledger.

extension Runner {
  /// Copies bytes behind those that wait. Beyond the limits the side is given up.
  mutating func keep(_ bytes: RawSpan, from side: Side, in ledger: inout Ledger) {
    if inlets[side].isStopped { return }
    let room = min(
      ledger.limits.waitingPerSide - inlets[side].waiting.count,
      ledger.limits.waitingInAll - ledger.waitingBytes)
    guard bytes.byteCount <= room else {
      ledger.counters.waitingDropped += UInt64(bytes.byteCount)
      if isReading { ledger.figures[row].errors[Int(WireError.Kind.tooLarge.rawValue)] += 1 }
      stop(side, in: &ledger)
      return
    }
    inlets[side].makeRoom(bytes.byteCount, from: &ledger.spareMemory)
    inlets[side].waiting.append(bytes)
    ledger.waitingBytes += bytes.byteCount
  }

  mutating func dropWaiting(_ side: Side, in ledger: inout Ledger) {
    ledger.counters.waitingDropped += UInt64(inlets[side].waiting.count)
    ledger.waitingBytes -= inlets[side].waiting.count
    inlets[side].waiting = []
    turns.removeAll { $0.side == side }
  }

  /// Charges the bytes that the reader keeps. Beyond the limit it has to forget them.
  mutating func chargeHeld(in ledger: inout Ledger) {
    ledger.counters.referencesForgotten += reader?.takeForgotten() ?? 0
    let count = reader?.heldBytes ?? 0
    ledger.waitingBytes += count - heldBytes
    heldBytes = count
    if ledger.waitingBytes > ledger.limits.waitingInAll {
      dropHeld(in: &ledger)
      ledger.counters.referencesForgotten += reader?.takeForgotten() ?? 0
    }
  }

  mutating func dropHeld(in ledger: inout Ledger) {
    if heldBytes == 0 { return }
    reader?.dropHeld()
    if spansDatagrams { ledger.counters.waitingDropped += UInt64(heldBytes) }
    ledger.waitingBytes -= heldBytes
    heldBytes = 0
  }
}
