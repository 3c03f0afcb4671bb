internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Testing

/// What became of a damaged file.
enum Damage: Equatable {
  case loaded
  case refused

  /// Opens the file and reads all of it; whatever fails must say so in a short, printable sentence.
  static func outcome(_ path: String) -> Damage {
    do {
      let file = try GGUFFile.open(path: path, mode: .read)
      _ = file.readEverything()
      return .loaded
    } catch {
      let text = error.description
      #expect(text.utf8.count <= 512 && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F })
      #expect(error.kind == .unreadable || error.kind == .missing || (!error.expected.isEmpty && !error.found.isEmpty))
      return .refused
    }
  }
}

/// Random damage: one to sixteen bytes changed, inserted or cut.
enum Mutation {
  static func apply(to bytes: inout [UInt8], within limit: Int, using generator: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let count = Int.random(in: 1...16, using: &generator)
      let start = Int.random(in: 0..<min(limit, bytes.count - 16), using: &generator)
      let random = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: bytes.replaceSubrange(start..<start + count, with: random)
      case 1: bytes.insert(contentsOf: random, at: start)
      case 2: bytes.removeSubrange(start..<start + count)
      case 3: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      default: bytes.replaceSubrange(start..<start + count, with: repeatElement(0xFF, count: count))
      }
    }
  }
}
