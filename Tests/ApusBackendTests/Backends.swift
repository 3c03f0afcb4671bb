internal import ApusCPU
internal import ApusCore
internal import ApusReference
internal import ApusTestSupport
internal import Testing

/// A backend to be tested: a new one of it for each test.
struct Subject: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Whether it is meant to be.
  let isFast: Bool
  private let maker: @Sendable () throws -> any Backend

  private init(_ description: String, isFast: Bool = false, _ maker: @escaping @Sendable () throws -> any Backend) {
    (testDescription, self.isFast, self.maker) = (description, isFast, maker)
  }

  func make() throws -> any Backend { try maker() }

  /// Every backend there is; the CPU's at each level of kernels that this machine has, or the one that is forced.
  static let all = [reference, wrapped] + levels.map(cpu)

  static let reference = Subject("reference") { ReferenceBackend() }

  /// One that only passes on what it gets: the seam's third tenant.
  private static let wrapped = Subject("wrapped reference") { FailingBackend(ReferenceBackend()) }

  private static let levels = KernelLevel.forced.map { [$0] } ?? Kernels.supportedLevelNames

  private static func cpu(_ level: String) -> Subject {
    Subject("CPU, \(level)", isFast: true) {
      try CPUBackend(.init(threads: 2, kernels: #require(Kernels(level: level))))
    }
  }
}
