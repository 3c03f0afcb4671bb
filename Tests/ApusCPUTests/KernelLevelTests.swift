internal import ApusCPU
internal import ApusTestSupport
internal import Testing

struct KernelLevelTests {
  @Test("The reference is a level everywhere, and the best level is the last one that this machine supports")
  func levels() {
    #expect(Kernels.supportedLevelNames.first == "reference")
    #expect(Kernels.best().name == Kernels.supportedLevelNames.last)
  }

  @Test("A level that does not exist is refused")
  func unknownLevel() {
    #expect(Kernels(level: "avx9000") == nil)
  }

  @Test("A forced level is the one that runs", .enabled(if: KernelLevel.forced != nil))
  func forcedLevelRuns() throws {
    let forced = try #require(KernelLevel.forced)
    #expect(Kernels.levelNames.contains(forced))
    #expect(try TestBackend.make().kernels.name == forced)
  }
}
