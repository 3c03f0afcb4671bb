internal import ApusCPU
internal import ApusTestSupport
internal import Testing

/// The backend that tests run on: the level that the run is forced to, or the best.
enum TestBackend {
  static func make(threads: Int = 2) throws -> CPUBackend {
    let kernels = try KernelLevel.forced.map { try #require(Kernels(level: $0)) } ?? .best()
    return try CPUBackend(.init(threads: threads, kernels: kernels))
  }
}
