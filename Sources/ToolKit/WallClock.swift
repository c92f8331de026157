package import Bytes

/// The time of day.
package func wallClockNow() -> Timestamp { .now() }
