internal import Testing

/// Docs/Primitives.md against the headers of each instruction set.
@Suite struct `The page of primitives` {
  /// What is included for each instruction set.
  private static let sets = [
    ["simd_avx2", "dot_maddubs", "sums_x86", "rows_by_stride"],
    ["simd_avx512vnni", "dot_vnni", "sums_x86", "rows_by_stride"],
    ["simd_neon", "rows_by_stride"],
  ]
  private static let folder = "Sources/CApusKernels/"

  /// The functions that an instruction set defines.
  private static let defined: [Set<String>] = sets.map { names in
    let paths = names.map { folder + "isa/\($0).h" }
    return Repository.files.filter { paths.contains($0.path) }.reduce(into: []) { found, file in
      let definitions = file.codeLines.filter { $0.hasPrefix("SIMD ") || $0.hasPrefix("APART ") }
      found.formUnion(definitions.compactMap(function))
    }
  }

  /// The functions on the page.
  private static let listed: Set<String> = {
    let page = Repository.files.first { $0.path == "Docs/Primitives.md" }
    var isCode = false
    var found: Set<String> = []
    for line in page?.lines ?? [] {
      if line.hasPrefix("```") { isCode.toggle() } else if isCode, let name = function(line) { found.insert(name) }
    }
    return found
  }()

  /// The word before the first parenthesis.
  private static func function(_ line: String) -> String? {
    guard let open = line.firstIndex(of: "(") else { return nil }
    return words(String(line[..<open])).last
  }

  private static func words(_ text: String) -> [String] {
    text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
  }

  @Test func `lists what every instruction set defines`() {
    #expect(Self.listed.count > 50)
    for (names, defined) in zip(Self.sets, Self.defined) {
      #expect(Self.listed.subtracting(defined).sorted() == [], "missing in \(names)")
    }
  }

  @Test func `lists all that formats and algorithms use`() {
    let users = Repository.files.filter { file in
      [Self.folder + "formats/", Self.folder + "bodies/", Self.folder + "isa/level.h"].contains {
        file.path.hasPrefix($0)
      }
    }
    let used = Set(users.flatMap(\.codeLines).flatMap(Self.words))
    let common = Self.defined.dropFirst().reduce(Self.defined[0]) { $0.intersection($1) }
    #expect(common.intersection(used).subtracting(Self.listed).sorted() == [], "add these to Docs/Primitives.md")
  }
}
