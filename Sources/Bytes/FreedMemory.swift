import CLinux

/// Gives memory that was freed back to the system. The allocator keeps it otherwise for as long as
/// anything lives beyond it, so that a process appears to grow.
///
/// Takes milliseconds for each 100 MB: not for every occasion.
package func giveBackFreedMemory() { ks_trim_memory() }
