private import Foundation

/// The kernel level that this test run is forced to, as `APUS_KERNELS` says; nil for the best one.
package enum KernelLevel {
  package static let forced = ProcessInfo.processInfo.environment["APUS_KERNELS"]
}
