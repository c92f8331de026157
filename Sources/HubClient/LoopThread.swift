import NIOCore
import NIOPosix
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The event loop of a client's connections, as a thread to be served on.
struct LoopThread: EventThread {
  /// How long until it is asked again whether more may be read.
  private static let pause = TimeAmount.milliseconds(10)

  let loop: any EventLoop

  var isCurrent: Bool { loop.inEventLoop }

  func run(_ body: @escaping @Sendable () -> Void) { loop.execute(body) }

  func read(
    _ descriptor: Int32, while mayRead: @escaping @Sendable () -> Bool,
    take: @escaping @Sendable ([UInt8]?) -> Void
  ) async -> Bool {
    guard Self.isStream(descriptor) else { return false }
    do {
      _ = try await NIOPipeBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Input(mayRead, take))
          }
        }
        .takingOwnershipOfDescriptor(input: descriptor).get()
      return true
    } catch { return false }
  }

  /// Whether it is a pipe or socket. Terminals can be waited for, too, but would have to be changed
  /// for all that use them.
  private static func isStream(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  /// Goes on elsewhere with what takes its time: on a loop, all others would have to wait.
  func leave() async {
    guard isCurrent else { return }
    // From there it comes back to what runs jobs where they were made ready. A continuation that is
    // resumed before anybody waits for it would go on right here.
    await withTaskExecutorPreference(globalConcurrentExecutor) {}
  }

  private final class Input: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never

    private let mayRead: @Sendable () -> Bool
    private let take: @Sendable ([UInt8]?) -> Void

    init(_ mayRead: @escaping @Sendable () -> Bool, _ take: @escaping @Sendable ([UInt8]?) -> Void)
    {
      (self.mayRead, self.take) = (mayRead, take)
    }

    func read(context: ChannelHandlerContext) {
      guard !mayRead() else { return context.read() }
      context.eventLoop.assumeIsolated().scheduleTask(in: LoopThread.pause) {
        self.read(context: context)
      }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      take(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { take(nil) }

    /// What cannot be read any more has ended.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
