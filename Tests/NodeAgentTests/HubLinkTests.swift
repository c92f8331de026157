import JSON
import Shipping
import Testing

@testable import NodeAgent

struct HubLinkTests {
  private func word(_ outcome: HubLink.Outcome) -> String {
    switch outcome {
    case .arrived(let orders, let refused, let open):
      "arrived \(orders.number) \(refused.sorted()) \(open)"
    case .busy(let pause, _): "busy \(pause.components.seconds)"
    case .failed: "failed"
    }
  }

  @Test func answersMeanWhatTheySay() {
    let stored: JSONObject = [
      "stored": 3, "number": 7, "refused": [["index": 1, "reason": "damaged"]],
    ]
    let cases: [(Int, JSONObject?, Int?, String)] = [
      (200, stored, nil, "arrived 7 [1] missing"), (200, ["a": 1], nil, "failed"),
      (200, ["stored": 0, "open": "shown"], nil, "arrived 0 [] shown"),
      (200, nil, nil, "failed"),
      (401, nil, nil, "failed"), (404, nil, nil, "failed"), (503, nil, 2, "busy 2"),
      (429, nil, 100_000, "busy 60"), (507, ["error": "full"], 5, "busy 5"),
      (503, nil, nil, "failed"),
      (302, nil, nil, "failed"),
    ]
    for (status, answer, pause, expected) in cases {
      #expect(word(HubLink.outcome(status, answer, retryAfter: pause)) == expected, "\(status)")
    }
  }
}
