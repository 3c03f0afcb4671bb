package import ApusStore
internal import Foundation
internal import Logging
internal import NIOPosix

extension FileFolder {
  /// The sections that files and batches need.
  package static let batchSections = ["files", "batches", "drafts"]
}

/// Waits for the folder of files on a thread of its own: what is written is written in the order in which it was asked for.
final class FileWork: Sendable {
  private let folder: FileFolder
  private let logger: Logger
  private let threads = NIOThreadPool(numberOfThreads: 1)

  init(_ folder: FileFolder, _ logger: Logger) {
    (self.folder, self.logger) = (folder, logger)
    threads.start()
    // What was on its way when the program ended; with one thread, nothing comes before.
    threads.submit { _ in for name in folder.names(in: "drafts") { try? folder.remove("drafts/" + name) } }
  }

  deinit { threads.shutdownGracefully { _ in } }

  /// Does `work`; a folder that fails is told to the log, and to the client in words that say nothing of it.
  func run<Result: Sendable>(_ work: @escaping @Sendable (FileFolder) throws -> Result) async throws(Refusal) -> Result
  {
    do {
      return try await threads.runIfActive { [folder] in try work(folder) }
    } catch let error as Refusal {
      throw error
    } catch is CancellationError {
      throw .shuttingDown
    } catch {
      logger.error("the folder of files failed", metadata: ["error": "\(error)"])
      throw .storeFailed
    }
  }

  /// The lines of a file, each with where it ends, without its line's end; those that are longer than `limit` are cut there.
  func lines(of name: String, upTo limit: Int) -> FileLines { FileLines(work: self, name: name, limit: limit) }

  /// Puts a description in its place.
  func write(_ value: some Encodable & Sendable, to name: String) async throws(Refusal) {
    try await run { folder in
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      try folder.write(Array(try encoder.encode(value)), to: name)
    }
  }
}

/// The descriptions that an earlier run has left in a section of the folder.
///
/// They are read once, by whoever comes first, and others wait for that: nobody sees a part of them.
actor EarlierRun<Value: Decodable & Sendable> {
  private let work: FileWork
  private let section: String
  private var reading: Task<[Value], any Error>?

  init(_ section: String, _ work: FileWork) { (self.section, self.work) = (section, work) }

  /// All of them; those that cannot be read are left out.
  func values() async throws(Refusal) -> [Value] {
    let task = reading ?? Task { [work, section] in try await Self.read(section, work) }
    reading = task
    guard let values = try? await task.value else {
      reading = nil
      throw .storeFailed
    }
    return values
  }

  private static func read(_ section: String, _ work: FileWork) async throws(Refusal) -> [Value] {
    try await work.run { folder in
      folder.names(in: section).filter { $0.hasSuffix(".json") }.compactMap { name in
        let bytes = try? folder.bytes(of: section + "/" + name, from: 0, count: 1 << 20)
        return bytes.flatMap { try? JSONDecoder().decode(Value.self, from: Data($0)) }
      }
    }
  }
}

/// The lines of a file, read in pieces.
struct FileLines: AsyncSequence, AsyncIteratorProtocol {
  /// A line, and where the next one begins.
  struct Line: Sendable {
    let bytes: [UInt8]
    let end: Int
    /// Whether it ends with a line's end.
    let isWhole: Bool
  }

  private static let pieceByteCount = 256 << 10
  private let work: FileWork
  private let name: String
  private let limit: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var offset = 0
  private var isAtEnd = false

  init(work: FileWork, name: String, limit: Int) { (self.work, self.name, self.limit) = (work, name, limit) }

  func makeAsyncIterator() -> FileLines { self }

  mutating func next() async throws -> Line? {
    var line: [UInt8] = []
    var count = 0
    while true {
      if start == buffer.count {
        if isAtEnd { return count > 0 ? Line(bytes: line, end: offset, isWhole: false) : nil }
        let (name, from) = (name, offset)
        buffer = try await work.run { try $0.bytes(of: name, from: from, count: Self.pieceByteCount) }
        (start, isAtEnd) = (0, buffer.isEmpty)
        offset += buffer.count
        continue
      }
      let end = buffer[start...].firstIndex(of: 0x0A) ?? buffer.count
      // One byte more than the limit shows that it is too long.
      line.append(contentsOf: buffer[start..<end].prefix(limit + 1 - line.count))
      count += end - start
      start = end
      guard end < buffer.count else { continue }
      start += 1
      if line.last == 0x0D { line.removeLast() }
      return Line(bytes: line, end: offset - buffer.count + start, isWhole: true)
    }
  }
}
