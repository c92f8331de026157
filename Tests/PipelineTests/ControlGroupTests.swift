import Testing

@testable import Pipeline

@Suite struct ControlGroupTests {
  /// Some runtimes show a container the groups of its machine.
  @Test func aGroupIsLookedForWhereItMayBe() {
    let own = [
      ControlGroup(folder: "/sys/fs/cgroup", version: .v2),
      ControlGroup(folder: "/sys/fs/cgroup/memory", version: .v1),
    ]
    func groups(_ lines: Substring...) -> [ControlGroup] {
      ControlGroup.all(of: "memory", named: lines)
    }
    #expect(groups("0::/") == own)
    #expect(groups("0::/../..", "nothing") == own)
    #expect(
      groups("0::/kubepods.slice/pod1.slice/cri-a.scope") == own + [
        ControlGroup(
          folder: "/sys/fs/cgroup/kubepods.slice/pod1.slice/cri-a.scope", version: .v2)
      ])
    #expect(
      groups("3:cpu,cpuacct:/a", "2:hugetlb,memory:/kubepods/pod1/b") == own + [
        ControlGroup(folder: "/sys/fs/cgroup/memory/kubepods/pod1/b", version: .v1)
      ])
  }

  @Test func thereIsAThreadForEachBegunProcessor() {
    #expect(Processors.quota(["max", "100000"]) == nil)
    #expect(Processors.quota(["-1", "100000"]) == nil)
    #expect(Processors.quota([]) == nil)
    #expect(Processors.quota(["100000", "100000"]) == 1)
    #expect(Processors.quota(["100001", "100000"]) == 2)
    #expect(Processors.quota(["5000", "100000"]) == 1)
    #expect(Processors.quota(["400000", "50000"]) == 8)
  }

  @Test func thereIsAProcessorAtLeast() {
    #expect(Processors.usable >= 1)
  }
}
