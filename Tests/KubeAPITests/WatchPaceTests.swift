import Testing

@testable import KubeAPI

struct WatchPaceTests {
  private func milliseconds(_ duration: Duration) -> Int64 {
    duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
  }

  @Test func eachWaitIsTwiceTheOneBefore() {
    var pace = WatchPace()
    let pauses = (0..<8).map { _ in
      milliseconds(pace.pause(after: .failed, life: nil, moved: false))
    }
    #expect(pauses == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  }

  /// As behind a balancer that takes connections for servers that are gone.
  @Test func aWatchThatIsBrokenOffAtOnceIsAFailure() {
    var pace = WatchPace()
    let ends: [WatchPace.End] = [.failed, .ended, .failed, .ended]
    let pauses = ends.map {
      milliseconds(pace.pause(after: $0, life: .milliseconds(3), moved: false))
    }
    #expect(pauses == [500, 1_000, 2_000, 4_000])
  }

  @Test func aWatchThatWentOnEndsTheRow() {
    var pace = WatchPace()
    for _ in 0..<5 { _ = pace.pause(after: .failed, life: nil, moved: false) }
    #expect(pace.pause(after: .ended, life: .seconds(290), moved: false) == .zero)
    #expect(pace.pause(after: .ended, life: .milliseconds(3), moved: true) == .zero)
    #expect(milliseconds(pace.pause(after: .failed, life: .seconds(60), moved: true)) == 500)
  }

  @Test func whatIsNotKnownAnyMoreIsListedAtOnceButNotAgainAndAgain() {
    var pace = WatchPace()
    let pauses = (0..<4).map { _ in
      milliseconds(pace.pause(after: .expired, life: .milliseconds(3), moved: false))
    }
    #expect(pauses == [0, 1_000, 2_000, 4_000])
  }

  /// Every node names the whole cluster, at every change of it.
  @Test func namingALargeClusterLeavesTimeForOtherWork() {
    #expect(ClusterWatch.pause(after: .milliseconds(3)) == .milliseconds(200))
    #expect(ClusterWatch.pause(after: .milliseconds(400)) == .milliseconds(1_600))
    #expect(ClusterWatch.pause(after: .seconds(60)) == .seconds(5))
  }
}
