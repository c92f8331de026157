import Packets
import Testing

@testable import Capture

@Suite struct CaptureFilterTests {
  @Test(arguments: ["tcp port 80", "host 10.0.0.1 and not port 22", "vlan 7 and udp", "arp", ""])
  func libpcapsLanguageIsTaken(text: String) throws {
    #expect(try CaptureFilter(text).text == text)
  }

  @Test(arguments: ["tcp prot 80", "port 99999999", "host", "((tcp"])
  func whatIsNoFilterIsRefusedWithTheReason(text: String) {
    let error = #expect(throws: LiveError.self) { try CaptureFilter(text) }
    #expect(error?.code == .filter)
    #expect("\(error!)".contains(text) && "\(error!)".contains("tcp port 80 and host 10.0.0.1"))
  }

  /// Captures of agents, which begin with nothing and go by what their Hub wants, told that filter.
  @Test func aFilterThatIsThereToBeChangedIsNotTold() throws {
    var settings = LiveSettings(interfaces: ["any"], sockets: 1)
    #expect(settings.toldFilter == nil)
    settings.filter = .nothing
    #expect(settings.toldFilter == nil)
    settings.filter = try CaptureFilter("tcp port 80")
    #expect(settings.toldFilter == "tcp port 80")
  }

  /// `ip proto 17` for packets with a header of Linux cooked capture v2: 20 bytes, the protocol first.
  @Test func withoutItsHeaderAProgramAsksTheKernel() throws {
    let program = try CaptureFilter("ip proto 17").program(for: .linuxSLL2)
    let cooked = try #require(CaptureFilter.Instruction.cooked(program))
    #expect(cooked.count == program.count)
    let loads = zip(program, cooked).filter { $0.0.code & 0x07 == 0 }
    #expect(loads.map(\.0.operand) == [0, 29], "EtherType, and the protocol of IPv4")
    #expect(loads.map(\.1.operand) == [0xffff_f000, 9])
    #expect(zip(program, cooked).filter { $0.0.code & 0x07 != 0 }.allSatisfy { $0.0 == $0.1 })
  }

  @Test func whatIsOnlyInTheHeaderCannotBeAskedOfTheKernel() throws {
    let program = [CaptureFilter.Instruction(code: 0x30, operand: 13), .refuse]
    #expect(CaptureFilter.Instruction.cooked(program) == nil)
  }

  /// Runs the few kinds of instructions that stand before the program.
  @Test(arguments: [
    (direction: 4, interface: 1, passes: false), (direction: 0, interface: 1, passes: true),
    (direction: 4, interface: 2, passes: true),
  ])
  func whatLoopbackSendsIsLeftOut(direction: Int, interface: Int, passes: Bool) {
    let program = CaptureFilter.Instruction.withoutEcho([.accept(9)], loopback: 1)
    var (at, register, verdict) = (0, UInt32(0), UInt32?.none)
    while verdict == nil {
      let instruction = program[at]
      at += 1
      switch instruction.code {
      case 0x20, 0x28:
        register = UInt32(instruction.operand == 0xffff_f004 ? direction : interface)
      case 0x15:
        at += Int(
          register == instruction.operand ? instruction.jumpTrue : instruction.jumpFalse)
      default: verdict = instruction.operand
      }
    }
    #expect(verdict == (passes ? 9 : 0))
  }
}
