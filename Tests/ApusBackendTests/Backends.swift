internal import ApusCPU
internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// A backend to be tested: a new one of it for each test.
struct Subject: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Whether it is there to be right rather than fast.
  let isSlow: Bool
  private let maker: @Sendable () throws -> any Backend

  private init(_ description: String, isSlow: Bool, _ maker: @escaping @Sendable () throws -> any Backend) {
    (testDescription, self.isSlow, self.maker) = (description, isSlow, maker)
  }

  func make() throws -> any Backend { try maker() }

  /// Every backend there is; the CPU's at each level of kernels that this machine has, or the one that is forced.
  static let all = [reference, wrapped] + levels.map(cpu)

  static let reference = Subject("reference", isSlow: true) { ReferenceBackend() }

  /// One that only passes on what it gets: the seam's third tenant.
  private static let wrapped = Subject("wrapped reference", isSlow: true) { FailingBackend(ReferenceBackend()) }

  private static let levels = KernelLevel.forced.map { [$0] } ?? Kernels.supportedLevelNames

  private static func cpu(_ level: String) -> Subject { cpu(level, threads: 2) }

  /// The CPU's with the fastest kernels, or those that are forced.
  static func cpu(threads: Int) -> Subject { cpu(levels.last ?? "", threads: threads) }

  private static func cpu(_ level: String, threads: Int) -> Subject {
    Subject("CPU, \(level)", isSlow: level == "reference") {
      try CPUBackend(.init(threads: threads, kernels: #require(Kernels(level: level))))
    }
  }
}
