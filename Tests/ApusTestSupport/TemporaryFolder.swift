package import Foundation

/// A folder of its own for one test; gone with this object.
package final class TemporaryFolder: Sendable {
  package let url: URL

  package init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of `name` in this folder.
  package func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes `bytes` to `name` in this folder and returns its path.
  @discardableResult
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    let path = path(name)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Makes a FIFO that nobody writes to and returns its path.
  package func makePipe(_ name: String) throws -> String {
    let path = path(name)
    guard unsafe mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
    return path
  }
}
