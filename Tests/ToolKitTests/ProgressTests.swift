import Testing
import ToolKit

@Suite struct ProgressTests {
  @Test func aBarSaysHowFarAndHowLong() {
    let progress = Progress(done: 30, total: 120, message: "reading")
    #expect(progress.bar(width: 8, seconds: 3) == "[##......]  25% reading, 9 s left")
    #expect(Progress(done: 0, total: 5).bar(width: 4, seconds: 9) == "[....]   0% ")
    let end = Progress(done: 7, total: 5, message: "m").bar(width: 4, seconds: 2)
    #expect(end == "[####] 100% m, 0 s left")
    #expect(Progress(done: 7, message: "m").bar(width: 4, seconds: 2) == "m")
    #expect(Progress(done: 7, total: 0, message: "m").bar(width: 4, seconds: 2) == "m")
  }
}
