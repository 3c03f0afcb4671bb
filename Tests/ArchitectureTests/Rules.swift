// The rules of Docs/Architecture.md that a program can check. Change them here and there together.

internal import Testing

/// Which of our modules each module may import.
let allowedImports: [String: Set<String>] = [
  "CApusKernels": [],
  "ApusSystem": [],
  "ApusText": [],
  "ApusCore": ["ApusSystem"],
  "ApusJSON": ["ApusText"],
  "ApusWire": ["ApusJSON", "ApusText"],
  "ApusTemplates": ["ApusJSON", "ApusText", "ApusSystem"],
  "ApusGrammar": ["ApusCore", "ApusText"],
  "ApusSchema": ["ApusGrammar", "ApusJSON", "ApusText"],
  "ApusChat": ["ApusTemplates", "ApusGrammar", "ApusSchema", "ApusJSON", "ApusText"],
  "ApusTokenizers": ["ApusCore", "ApusText"],
  "ApusSampling": ["ApusCore"],
  "ApusGGUF": ["ApusCore", "ApusText", "ApusSystem"],
  "ApusCPU": ["ApusCore", "ApusSystem", "CApusKernels"],
  "ApusReference": ["ApusCore"],
  "ApusModels": ["ApusCore", "ApusGGUF", "ApusTokenizers", "ApusSampling", "ApusText", "ApusSystem"],
  "Apus": [
    "ApusModels", "ApusSampling", "ApusTokenizers", "ApusTemplates", "ApusGrammar", "ApusSchema", "ApusChat",
    "ApusJSON",
    "ApusCore", "ApusCPU", "ApusText", "ApusSystem",
  ],
  "ApusStore": [],
  "ApusServer": ["Apus", "ApusStore", "ApusChat", "ApusWire", "ApusJSON", "ApusText"],
  "ApusEvaluation": ["ApusModels", "ApusSampling", "ApusCore"],
  "ApusBenchmark": ["ApusCPU", "ApusModels", "ApusCore"],
  "ApusCLI": [
    "Apus", "ApusServer", "ApusStore", "ApusEvaluation", "ApusBenchmark", "ApusCPU", "ApusModels", "ApusGGUF",
    "ApusTokenizers",
    "ApusTemplates", "ApusSampling", "ApusJSON", "ApusCore", "ApusText", "ApusSystem",
  ],
]

/// External modules, by the beginning of their names, and the only ones of our modules that may import them.
let confinedImports: [String: Set<String>] = [
  "Hummingbird": ["ApusServer"], "NIO": ["ApusServer", "ApusStore"], "HTTPTypes": ["ApusServer"],
  "AsyncHTTPClient": ["ApusServer"], "ArgumentParser": ["ApusCLI"], "Metrics": ["ApusServer"], "GRDB": ["ApusStore"],
  "Yams": ["ApusCLI"],
]

/// Lines that a file may have.
enum SizeLimit {
  static let swift = 600
  static let c = 700
  static let swiftMedian = 150
  /// A comment with these words frees a table from the limit.
  static let exemption = "A table: exempt from the size limit."
}

/// Something that must not stand in some files.
struct ForbiddenText: Sendable, CustomTestStringConvertible {
  let title: String
  let texts: [String]
  /// Where it is looked for.
  let applies: @Sendable (SourceFile) -> Bool
  /// True to leave comments and string literals out.
  var inCodeOnly = true
  /// What to do instead.
  let advice: String

  var testDescription: String { title }
}

private let isLibrary: @Sendable (SourceFile) -> Bool = { file in
  file.isSwift && file.module != nil && file.module != "ApusCLI"
}

private let mayHoldPointers: @Sendable (SourceFile) -> Bool = { file in
  file.module == "ApusCPU"
    || [
      "Sources/ApusCore/MappedFile.swift", "Sources/ApusCore/AlignedBuffer.swift",
      "Sources/ApusCore/DedicatedThread.swift", "Sources/ApusStore/PostgreSQLConnection.swift",
      "Sources/ApusStore/PostgreSQLLibrary.swift",
    ].contains(file.path)
}

// Words that this table forbids everywhere are put together, so that it does not break its own rule.
let forbiddenTexts = [
  ForbiddenText(
    title: "printing and exiting",
    texts: ["print(", "Swift.print(", "debugPrint(", "exit(", "Glibc.exit(", "Foundation.exit(", "abort("],
    applies: isLibrary, advice: "return a value or throw; only ApusCLI prints and exits"),
  ForbiddenText(
    title: "stopping the process", texts: ["fatalError(", "Swift.fatalError(", "try!", "as!"],
    applies: isLibrary, advice: "throw a typed error; `precondition` for a programmer's error"),
  ForbiddenText(
    title: "regular expressions", texts: ["NSRegularExpression", "Regex", "RegexBuilder"],
    applies: isLibrary, advice: "scan the UTF-8 bytes: untrusted text must take linear time"),
  ForbiddenText(
    title: "the environment",
    texts: ["ProcessInfo.processInfo.environment", "ProcessInfo.environment", "getenv(", "CommandLine"],
    applies: isLibrary, advice: "take a parameter; only ApusCLI reads arguments and environment"),
  ForbiddenText(
    title: "loading libraries", texts: ["dlopen(", "dlsym("],
    applies: { file in
      file.isSwift && file.module != nil
        && !["Sources/ApusCPU/OpenBLAS.swift", "Sources/ApusStore/PostgreSQLLibrary.swift"].contains(file.path)
    },
    advice: "link it; only OpenBLAS and libpq are loaded when they are asked for, each in its file"),
  ForbiddenText(
    title: "pointers",
    texts: [
      "UnsafePointer", "UnsafeMutablePointer", "UnsafeRawPointer", "UnsafeMutableRawPointer", "UnsafeBufferPointer",
      "UnsafeMutableBufferPointer", "UnsafeRawBufferPointer", "UnsafeMutableRawBufferPointer", "OpaquePointer",
    ],
    applies: { $0.isSwift && $0.module != nil && !mayHoldPointers($0) },
    advice:
      "use Span, RawSpan or MutableSpan; pointers stay in ApusCPU, MappedFile, AlignedBuffer, DedicatedThread and what speaks to PostgreSQL"
  ),
  ForbiddenText(
    title: "notes to self", texts: ["TO" + "DO", "FIX" + "ME", "X" + "XX"],
    applies: { !$0.path.hasSuffix(".json") }, inCodeOnly: false, advice: "do it, or open an issue and remove the note"),
  ForbiddenText(
    title: "paths of one machine", texts: ["/wor" + "k/", "/roo" + "t/", "/Use" + "rs/"],
    applies: { _ in true }, inCodeOnly: false, advice: "use a path relative to the package, or a setting"),
  ForbiddenText(
    title: "registry hosts",
    texts: ["index-" + "url", "arti" + "factory", "pypi" + ".org", "pythonhosted" + ".org", "registry.npm" + "js.org"],
    applies: { _ in true }, inCodeOnly: false, advice: "leave the registry to the machine's configuration"),
]
