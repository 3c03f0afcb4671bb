/// A place that breaks a rule, and what to do about it.
struct Finding: CustomStringConvertible {
  let file: SourceFile
  let line: Int
  let advice: String

  var description: String { "\(file.path):\(line): \(advice)" }
}

/// One import declaration.
struct ImportDeclaration {
  let module: String
  let hasAccessLevel: Bool
  let line: Int
}

extension SourceFile {
  /// The import declarations of a Swift file.
  var imports: [ImportDeclaration] {
    codeLines.enumerated().compactMap { index, code in
      var words = code.split { $0 == " " || $0 == "\t" || $0 == ";" }
      while words.first?.hasPrefix("@") == true { words.removeFirst() }
      let levels: [Substring] = ["public", "package", "internal", "fileprivate", "private"]
      let hasAccessLevel = words.first.map(levels.contains) ?? false
      if hasAccessLevel { words.removeFirst() }
      guard words.first == "import", var name = words.dropFirst().first else { return nil }
      let kinds: [Substring] = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
      if kinds.contains(name), let next = words.dropFirst(2).first { name = next }
      let module = name.split(separator: ".").first.map(String.init) ?? ""
      return ImportDeclaration(module: module, hasAccessLevel: hasAccessLevel, line: index + 1)
    }
  }

  /// Where the file breaks `rule`.
  func findings(_ rule: ForbiddenText) -> [Finding] {
    guard rule.applies(self) else { return [] }
    return (rule.inCodeOnly ? codeLines : lines).enumerated().flatMap { index, line in
      rule.texts.filter { line.holds($0) }.map {
        Finding(file: self, line: index + 1, advice: "'\($0)' is not for here: \(rule.advice)")
      }
    }
  }

  /// Where safety is promised to the compiler without telling the reader why it holds.
  var unexplainedPromises: [Finding] {
    codeLines.indices.filter { index in
      let code = codeLines[index]
      return (code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)"))
        && !explanation(above: index).contains(anyOf: ["thread", "lock", "mutex", "atomic", "immutable", "concurren"])
    }.map {
      Finding(file: self, line: $0 + 1, advice: "say in a comment which lock or thread makes this safe")
    }
  }

  /// The comment on a line and the comment directly above it, attributes between them left out; in lower case.
  private func explanation(above index: Int) -> String {
    var comment = lines[index].split(separator: "//", maxSplits: 1).dropFirst().joined()
    for line in lines[..<index].reversed().map({ $0.drop { $0 == " " } }) {
      guard line.hasPrefix("//") || line.hasPrefix("@") else { break }
      comment += line
    }
    return comment.lowercased()
  }
}

extension String {
  /// True where `text` stands here as a whole word: no identifier goes on before or behind it.
  ///
  /// A text that ends in `(` is a call of a free function: a member of the same name is another thing.
  func holds(_ text: String) -> Bool {
    let (line, wanted) = (Array(utf8), Array(text.utf8))
    guard wanted.count <= line.count, let last = wanted.last else { return false }
    return (0...line.count - wanted.count).contains { start in
      guard line[start..<start + wanted.count].elementsEqual(wanted) else { return false }
      let end = start + wanted.count
      let before = start > 0 ? line[start - 1] : UInt8(ascii: " ")
      let isMember = before == UInt8(ascii: ".") && last == UInt8(ascii: "(")
      let goesOnBefore = before.isWord || isMember
      let goesOnBehind = end < line.count && line[end].isWord && last.isWord
      return !goesOnBefore && !goesOnBehind
    }
  }

  fileprivate func contains(anyOf words: [String]) -> Bool { words.contains { contains($0) } }
}

extension UInt8 {
  /// True for what an identifier may hold; every byte of a character beyond ASCII counts.
  fileprivate var isWord: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
