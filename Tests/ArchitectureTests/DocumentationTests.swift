internal import Testing

/// A block of Swift in a page.
private struct CodeBlock {
  let page: SourceFile
  let line: Int
  /// Without imports and empty lines before the first statement.
  let lines: [String]

  /// The blocks of a page.
  static func all(in page: SourceFile) -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var start: Int?
    for (index, line) in page.lines.enumerated() {
      if let first = start, line == "```" {
        let lines = page.lines[first..<index].drop { $0.isEmpty || $0.hasPrefix("import ") }
        blocks.append(CodeBlock(page: page, line: first, lines: Array(lines)))
        start = nil
      } else if line == "```swift" {
        start = index + 1
      }
    }
    return blocks
  }

  /// Whether the lines stand in `file`, all of them further to the right by the same.
  func stands(in file: SourceFile) -> Bool {
    guard let first = lines.first, lines.count <= file.lines.count else { return false }
    return (0...file.lines.count - lines.count).contains { start in
      guard file.lines[start].hasSuffix(first) else { return false }
      let indentation = file.lines[start].dropLast(first.count)
      guard indentation.allSatisfy({ $0 == " " }) else { return false }
      return zip(lines, file.lines[start...]).allSatisfy { $1 == ($0.isEmpty ? "" : indentation + $0) }
    }
  }
}

@Suite struct `The library's documentation` {
  private let pages = Repository.files.filter { $0.path.hasPrefix("Sources/Apus/Apus.docc/") || $0.path == "README.md" }
  private let compiled = Repository.files.filter { file in
    file.isSwift
      && ["Tests/ApusTests/Snippets/", "Docs/Examples/", "Sources/ApusModels/Architectures/"]
        .contains(where: file.path.hasPrefix)
  }

  @Test func `every block of Swift is compiled somewhere`() {
    let blocks = pages.flatMap(CodeBlock.all)
    #expect(blocks.count > 10)
    for block in blocks where !compiled.contains(where: block.stands) {
      Issue.record("\(block.page.path):\(block.line): put these lines into a file of Tests/ApusTests/Snippets")
    }
  }

  @Test func `a block is found where it stands, and only there`() throws {
    let page = SourceFile(path: "A.md", text: "a\n```swift\nimport Apus\n\nlet x = 1\n\nuse(x)\n```\n")
    let block = try #require(CodeBlock.all(in: page).first)
    #expect(block.lines == ["let x = 1", "", "use(x)"])
    for (text, isFound) in [
      ("f {\n  let x = 1\n\n  use(x)\n}\n", true), ("let x = 1\n\nuse(x)", true),
      ("f {\n  let x = 1\n\n   use(x)\n}\n", false), ("let x = 1\nuse(x)\n\n", false), ("let x = 1\n", false),
      ("  // let x = 1\n\nuse(x)\n", false),
    ] {
      #expect(block.stands(in: SourceFile(path: "A.swift", text: text)) == isFound, "\(text)")
    }
  }
}
