internal import Foundation

/// One text file of the repository, as it is and without its comments and string literals.
struct SourceFile: Sendable {
  /// From the package's root, with `/`.
  let path: String
  /// The lines as they are.
  let lines: [String]
  /// The same lines with comments and string literals blanked.
  let codeLines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = Self.split(text)
    let isCode = ["swift", "c", "h"].contains { path.hasSuffix("." + $0) }
    codeLines = isCode ? Self.split(CodeText.blankingCommentsAndStrings(in: text)) : lines
  }

  /// The part of the path after `Sources/` and before the next slash: the module.
  var module: String? {
    let parts = path.split(separator: "/")
    return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
  }

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }

  private static func split(_ text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return lines.last == "" ? lines.dropLast() : lines
  }
}

/// The repository's own text files: not what is ignored by git, built, or downloaded.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let files: [SourceFile] = paths().sorted().compactMap { path in
    let url = root.appendingPathComponent(path)
    // What is not UTF-8 or is larger than a megabyte is data.
    guard let data = try? Data(contentsOf: url), data.count < 1 << 20, let text = String(data: data, encoding: .utf8)
    else { return nil }
    return SourceFile(path: path, text: text)
  }

  static let sources = files.filter { $0.module != nil }

  private static func paths() -> [String] {
    let fixed = ["Package.swift", "Makefile", "README.md", ".ci/run"]
    let folders = ["Sources", "Tests", "Benchmarks", "Docs", "Models"]
    let found = folders.flatMap { folder in
      let tree = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      return (tree?.compactMap { $0 as? String } ?? []).map { folder + "/" + $0 }
    }
    let ignored = ["/downloads/", "/.build", "/.swiftpm/", "/node_modules/", "/__pycache__/"]
    return fixed + found.filter { path in !ignored.contains { path.contains($0) } }
  }
}
