internal import ApusServer
internal import ApusStore
internal import Foundation
internal import Testing

/// Docs/Limits.md about what is kept, files and batches, against the server's defaults and options.
struct LimitTableTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows of all tables, by their cells.
  private static func rows() throws -> [[String]] {
    try text("Docs/Limits.md").split(separator: "\n").filter { $0.hasPrefix("| ") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  private static func bytes(_ count: Int) -> String {
    count.isMultiple(of: 1 << 30) ? "\(count >> 30) GiB" : "\(count >> 20) MiB"
  }

  private static func number(_ value: Int) -> String {
    value < 1000 ? "\(value)" : "\(value / 1000),\(String("\(value % 1000 + 1000)".dropFirst()))"
  }

  private static func days(_ seconds: Int?) -> String { seconds.map { "\($0 / 86_400) days" } ?? "no limit" }

  @Test func `Each option has a row with its default`() throws {
    let (batches, store, server) = (BatchLimits(), StoreLimits(), ServerConfiguration())
    let defaults = [
      "--file-size": Self.bytes(batches.fileByteCount), "--files-room": Self.bytes(batches.allFilesByteCount),
      "--files-room-per-key": Self.bytes(batches.ownerByteCount), "--files-per-key": Self.number(batches.files),
      "--files-keep-days": Self.days(batches.lifetime), "--batch-requests": Self.number(batches.lines),
      "--batch-request-size": Self.bytes(batches.lineByteCount), "--batches-per-key": "\(batches.openBatches)",
      "--store-room-per-key": Self.bytes(store.byteCount),
      "--store-keep-days": Self.days(server.documentLifetimes[.response]),
      "--store-keep-conversations-days": Self.days(server.documentLifetimes[.conversation]),
    ]
    let rows = try Self.rows()
    for (option, value) in defaults {
      let row = rows.first { $0.count > 3 && $0[2] == "`\(option)`" }
      #expect(row?[1] == value, "\(option)")
    }
    #expect(server.documentLifetimes[.session] == server.documentLifetimes[.response])
    // Those without an option.
    for (start, value) in [
      ("batches of one key that are remembered", Self.number(batches.batches)),
      ("documents of one key", Self.number(store.documents)),
    ] {
      #expect(rows.first { $0[0].hasPrefix(start) }?[1] == value, "\(start)")
    }
    #expect(Set(try Self.options()) == Set(defaults.keys))
  }

  /// The options that say what is kept, but for those that say where.
  private static func options() throws -> [String] {
    try ["FileArguments", "StoreArguments"].flatMap { name in
      try text("Sources/ApusCLI/Options/\(name).swift").split(separator: "\n").filter {
        $0.hasPrefix("  var ") && !$0.hasSuffix("{")
      }.map { line in
        let name = line.dropFirst("  var ".count).prefix { $0.isLetter }
        return name.reduce("--") { $0 + ($1.isUppercase ? "-" : "") + $1.lowercased() }
      }
    }.filter { !["--files", "--store"].contains($0) }
  }
}
