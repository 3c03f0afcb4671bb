internal import Testing

/// Fails with one line for each finding.
private func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(
    findings.isEmpty, "\n\(findings.map(\.description).joined(separator: "\n"))", sourceLocation: sourceLocation)
}

@Suite struct `The architecture` {
  /// Not the manifest, and not the examples, which are written as a user would.
  private let swiftFiles = Repository.files.filter { file in
    file.isSwift && ["Sources/", "Tests/", "Benchmarks/"].contains(where: file.path.hasPrefix)
  }

  @Test func `every module stands in the table of allowed imports`() {
    let modules = Set(Repository.sources.compactMap(\.module))
    #expect(modules.contains("ApusCore"), "no sources found beside \(#filePath)")
    #expect(modules.subtracting(allowedImports.keys) == [], "add these to Tests/ArchitectureTests/Rules.swift")
  }

  @Test func `modules import only what the table allows`() {
    expectNone(
      Repository.sources.filter(\.isSwift).flatMap { file in
        let allowed = allowedImports[file.module ?? ""] ?? []
        return file.imports.filter { allowedImports[$0.module] != nil && !allowed.contains($0.module) }.map {
          Finding(file: file, line: $0.line, advice: "\(file.module ?? "") may not import \($0.module)")
        }
      })
  }

  @Test func `external modules stay where they belong`() {
    expectNone(
      Repository.sources.filter(\.isSwift).flatMap { file in
        file.imports.compactMap { found in
          guard let (_, homes) = confinedImports.first(where: { found.module.hasPrefix($0.key) }),
            !homes.contains(file.module ?? "")
          else { return nil }
          let advice = "\(found.module) belongs to \(homes.sorted().joined(separator: ", ")) only"
          return Finding(file: file, line: found.line, advice: advice)
        }
      })
  }

  @Test func `kernels and probes have one importer each`() {
    let importers = { (module: String) in
      swiftFiles.filter { $0.module != nil && $0.imports.contains { $0.module == module } }.map(\.path)
    }
    // The probes of `MachineProbes.swift` are no kernels: they measure what kernels could reach.
    let kernelImporters: Set = ["Sources/ApusCPU/Kernels.swift", "Sources/ApusCPU/MachineProbes.swift"]
    #expect(Set(importers("CApusKernels")).isSubset(of: kernelImporters))
  }

  @Test func `every import has an access level`() {
    expectNone(
      swiftFiles.flatMap { file in
        file.imports.filter { !$0.hasAccessLevel }.map {
          Finding(file: file, line: $0.line, advice: "write 'internal import \($0.module)', or a wider level")
        }
      })
  }

  @Test func `files are small`() {
    expectNone(
      Repository.files.filter { $0.isSwift || $0.isC }.compactMap { file in
        let limit = file.isSwift ? SizeLimit.swift : SizeLimit.c
        guard file.lines.count > limit, !file.lines.contains(where: { $0.contains(SizeLimit.exemption) }) else {
          return nil
        }
        return Finding(file: file, line: file.lines.count, advice: "more than \(limit) lines: split by concern")
      })
    let sizes = Repository.sources.filter(\.isSwift).map(\.lines.count).sorted()
    let median = sizes[sizes.count / 2]
    #expect(median <= SizeLimit.swiftMedian, "the median Swift file has \(median) lines: split the largest")
  }

  @Test(arguments: forbiddenTexts)
  func `forbidden text is not there`(rule: ForbiddenText) {
    expectNone(Repository.files.flatMap { $0.findings(rule) })
  }

  @Test func `a promise of safety says which lock or thread keeps it`() {
    expectNone(swiftFiles.flatMap(\.unexplainedPromises))
  }
}

@Suite struct `The architecture's reader` {
  @Test(arguments: forbiddenTexts)
  func `each rule finds each of its texts`(rule: ForbiddenText) {
    for text in rule.texts {
      let file = SourceFile(path: "Sources/ApusModels/A.swift", text: "\nlet x = \(text) 1)")
      #expect(file.findings(rule).map(\.line).contains(2), "\(text)")
    }
  }

  @Test func `comments and strings are not code`() {
    let text = #"""
      a // print(
      b /* print( /* x */ print( */ c
      "print(" d "\(f("print(") + "x")print(" e #"\ " print("# f
      """
      print(
      """ g '"' h '\'' i
      """#
    let code = SourceFile(path: "a.c", text: text).codeLines.joined(separator: "\n")
    #expect(code.split { $0.isWhitespace } == ["a", "b", "c", "d", "e", "f", "g", "h", "i"])
    #expect(code.utf8.count == text.utf8.count)
  }

  @Test(arguments: ["x.print(1)", "sprint(1)", "let printer = 1", "/* print(1) */ x()"])
  func `what only looks forbidden is allowed`(line: String) {
    let file = SourceFile(path: "Sources/ApusModels/A.swift", text: line)
    #expect(forbiddenTexts.flatMap(file.findings).isEmpty)
  }

  @Test func `imports are read with attributes, kinds and submodules`() {
    let text = "@preconcurrency internal import A\n  import struct B.C\nprivate import D.E\n// import F\nimportant()"
    let imports = SourceFile(path: "A.swift", text: text).imports
    #expect(imports.map(\.module) == ["A", "B", "D"])
    #expect(imports.map(\.hasAccessLevel) == [true, false, true])
  }

  @Test func `a promise of safety is explained above its attributes or beside it`() {
    let promise = "final class A: @unchecked " + "Sendable {}"
    let find = { (text: String) in SourceFile(path: "A.swift", text: text).unexplainedPromises.map(\.line) }
    #expect(find(promise) == [1])
    #expect(find("/// A thing.\n" + promise) == [2])
    #expect(find("/// Under the lock.\n@safe\n" + promise) == [])
    #expect(find(promise + " // one thread only") == [])
    #expect(find("// Under the lock.\n\n" + promise) == [3])
  }
}
