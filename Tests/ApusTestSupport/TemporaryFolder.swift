private import ApusSystem
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
    // Foundation waits until a disk has the bytes: for longer than most tests take.
    guard let file = unsafe fopen(path, "w") else { throw CocoaError(.fileWriteUnknown) }
    let count = unsafe fwrite(bytes, 1, bytes.count, file)
    guard unsafe fclose(file) == 0, count == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    return path
  }

  /// Makes a FIFO that nobody writes to and returns its path.
  package func makePipe(_ name: String) throws -> String {
    let path = path(name)
    guard unsafe mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
    return path
  }
}
