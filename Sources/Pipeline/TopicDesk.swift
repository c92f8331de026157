import Dissectors
import Synchronization

/// Where the workers of a crew tell each other which topics of Kafka they read of.
///
/// Each tells what a chunk held when it is done with it. What all are done with is entered into the
/// book, chunk by chunk in the order of the packets: so it holds the same however many workers there
/// are, and what a call is named is the same as well, as long as nobody asks before.
final class TopicDesk: Sendable {
  private struct Told {
    var chunk: UInt64
    var news: KafkaTopicNews
  }

  private struct State {
    var book: KafkaTopicBook
    var told: [Told] = []
    /// The chunk that each worker did last.
    var done: [UInt64]
  }

  private let state: Mutex<State>
  /// The last chunk that all are done with.
  private let settledChunk = Atomic<UInt64>(0)
  /// Counts the changes of the book, from 1.
  private let edition = Atomic<Int>(1)

  init(_ book: KafkaTopicBook, workers: Int) {
    state = Mutex(State(book: book, done: Array(repeating: 0, count: workers)))
  }

  var book: KafkaTopicBook { state.withLock { $0.book } }

  /// The last chunk whose topics, and those of all before, are in the book.
  var settled: UInt64 { settledChunk.load(ordering: .acquiring) }

  /// A worker is done with a chunk, in which it read of these topics.
  func done(_ chunk: UInt64, by worker: Int, told news: [KafkaTopicNews]) {
    state.withLock { state in
      state.told += news.map { Told(chunk: chunk, news: $0) }
      state.done[worker] = chunk
      let settled = state.done.min() ?? 0
      guard settled > settledChunk.load(ordering: .relaxed) else { return }
      let ready = state.told.filter { $0.chunk <= settled }
      if !ready.isEmpty {
        state.told.removeAll { $0.chunk <= settled }
        // What one packet told comes from one worker, and stays in its order.
        let order = ready.enumerated().sorted {
          ($0.element.chunk, $0.element.news.packet, $0.offset)
            < ($1.element.chunk, $1.element.news.packet, $1.offset)
        }
        for told in order { state.book.add(told.element.news) }
        edition.add(1, ordering: .relaxed)
      }
      settledChunk.store(settled, ordering: .releasing)
    }
  }

  /// The book when it is another one than `known` stands for, which then stands for it.
  func book(after known: inout Int) -> KafkaTopicBook? {
    guard edition.load(ordering: .relaxed) != known else { return nil }
    return state.withLock { state in
      known = edition.load(ordering: .relaxed)
      return state.book
    }
  }
}
