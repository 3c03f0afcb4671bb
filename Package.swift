// swift-tools-version: 6.2
import PackageDescription

// Targets stand leaf to root; Docs/Architecture.md says what each one is and what it may import.

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
]

/// For tests that compute nothing themselves: to optimize their many small functions takes minutes.
let plain = [SwiftSetting.unsafeFlags(["-Onone"])]

func library(_ name: String, _ dependencies: Target.Dependency..., resources: [Resource]? = nil) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swift)
}

func tests(of name: String, _ dependencies: Target.Dependency..., isPlain: Bool = false) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.byName(name: name), "ApusTestSupport"] + dependencies,
    swiftSettings: isPlain ? swift + plain : swift)
}

/// A product that only the program and its server need.
func server(_ product: String, of package: String) -> Target.Dependency {
  .product(name: product, package: package, condition: .when(traits: ["Server"]))
}

let argumentParser = server("ArgumentParser", of: "swift-argument-parser")
let asyncHTTPClient = server("AsyncHTTPClient", of: "async-http-client")
let asyncAlgorithms = server("AsyncAlgorithms", of: "swift-async-algorithms")
let grdb = server("GRDB", of: "GRDB.swift")
let crypto = server("Crypto", of: "swift-crypto")
let httpTypes = server("HTTPTypes", of: "swift-http-types")
let httpTypesNIO = server("NIOHTTPTypes", of: "swift-nio-extras")
let httpTypesNIOHTTP2 = server("NIOHTTPTypesHTTP2", of: "swift-nio-extras")
let hummingbird = server("Hummingbird", of: "hummingbird")
let hummingbirdCore = server("HummingbirdCore", of: "hummingbird")
let lifecycle = server("ServiceLifecycle", of: "swift-service-lifecycle")
let logging = server("Logging", of: "swift-log")
let metrics = server("Metrics", of: "swift-metrics")
let metricsTestKit = server("MetricsTestKit", of: "swift-metrics")
let nio = server("NIOCore", of: "swift-nio")
let nioEmbedded = server("NIOEmbedded", of: "swift-nio")
let nioHTTP1 = server("NIOHTTP1", of: "swift-nio")
let nioHPACK = server("NIOHPACK", of: "swift-nio-http2")
let nioHTTP2 = server("NIOHTTP2", of: "swift-nio-http2")
let nioPosix = server("NIOPosix", of: "swift-nio")
let nioSSL = server("NIOSSL", of: "swift-nio-ssl")
let nioTLS = server("NIOTLS", of: "swift-nio")
let signals = server("UnixSignals", of: "swift-service-lifecycle")
let tracing = server("Tracing", of: "swift-distributed-tracing")
let tracingInMemory = server("InMemoryTracing", of: "swift-distributed-tracing")
let yams = server("Yams", of: "Yams")

/// What checks signatures, which are untrusted input, too.
let swiftCrypto = Package.Dependency.package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2")

let package = Package(
  name: "apus",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCLI"]),
  ],
  traits: [
    .trait(name: "Server", description: "The program and its HTTP server."),
    .default(enabledTraits: ["Server"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    swiftCrypto,
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
    // From 2.100 on: CVE-2026-28980, header blocks without a bound.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // For `swift package generate-documentation`: no target uses it, so that nobody else resolves it.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    .target(name: "CApusKernels"),
    library("ApusSystem"),
    library("ApusText"),
    library("ApusCore", "ApusSystem"),
    library("ApusJSON", "ApusText"),
    library("ApusWire", "ApusJSON", "ApusText", crypto),
    library("ApusTemplates", "ApusJSON", "ApusText", "ApusSystem"),
    library("ApusGrammar", "ApusCore", "ApusText"),
    library("ApusSchema", "ApusGrammar", "ApusJSON", "ApusText"),
    library("ApusChat", "ApusTemplates", "ApusGrammar", "ApusSchema", "ApusJSON", "ApusText"),
    library("ApusTokenizers", "ApusCore", "ApusText"),
    library("ApusSampling", "ApusCore"),
    library("ApusGGUF", "ApusCore", "ApusText", "ApusSystem"),
    library("ApusCPU", "ApusCore", "ApusSystem", "CApusKernels"),
    library("ApusReference", "ApusCore"),
    library("ApusModels", "ApusCore", "ApusGGUF", "ApusTokenizers", "ApusSampling", "ApusText", "ApusSystem"),
    library(
      "Apus", "ApusCore", "ApusCPU", "ApusModels", "ApusSampling", "ApusTokenizers", "ApusTemplates", "ApusGrammar",
      "ApusSchema", "ApusChat", "ApusJSON", "ApusText", "ApusSystem"),
    library("ApusStore", grdb, nio, nioPosix),
    library(
      "ApusServer", "Apus", "ApusStore", "ApusChat", "ApusWire", "ApusJSON", "ApusText", hummingbird, hummingbirdCore,
      lifecycle, signals, crypto, logging, metrics, tracing,
      nio, nioPosix, nioHTTP1, nioHTTP2, nioSSL, nioTLS, httpTypesNIO, httpTypesNIOHTTP2, httpTypes, asyncHTTPClient,
      asyncAlgorithms,
      resources: [
        "index.html", "style.css", "app.js", "api.js", "markdown.js", "messages.js", "settings.js", "status.js",
      ]
      .map { .embedInCode("Own/Files/\($0)") }),
    library("ApusEvaluation", "ApusModels", "ApusSampling", "ApusCore"),
    library("ApusBenchmark", "ApusCPU", "ApusModels", "ApusCore"),
    .executableTarget(
      name: "ApusCLI",
      dependencies: [
        "Apus", "ApusServer", "ApusStore", "ApusEvaluation", "ApusBenchmark", "ApusCPU", "ApusModels", "ApusGGUF",
        "ApusTokenizers", "ApusTemplates", "ApusSampling", "ApusJSON", "ApusCore", "ApusText", "ApusSystem",
        argumentParser, logging, yams,
      ],
      swiftSettings: swift),

    .executableTarget(
      name: "MaskBench",
      dependencies: [
        "ApusSchema", "ApusGrammar", "ApusModels", "ApusTokenizers", "ApusGGUF", "ApusJSON", "ApusCore",
      ],
      path: "Benchmarks/masks", exclude: ["compare.py"], swiftSettings: swift),

    .target(
      name: "ApusTestSupport", dependencies: ["ApusCore", "ApusGGUF", "ApusJSON", "ApusSystem"],
      path: "Tests/ApusTestSupport",
      swiftSettings: swift),
    tests(of: "ApusText"),
    tests(of: "ApusCore"),
    tests(of: "ApusJSON"),
    tests(of: "ApusWire", "ApusJSON", "ApusText"),
    tests(of: "ApusTemplates", "ApusJSON", "ApusText"),
    tests(of: "ApusGrammar", "ApusText", "ApusCore"),
    tests(
      of: "ApusSchema", "ApusGrammar", "ApusTokenizers", "ApusModels", "ApusGGUF", "ApusJSON", "ApusText", "ApusCore"),
    tests(of: "ApusChat", "ApusTemplates", "ApusGrammar", "ApusSchema", "ApusJSON", "ApusText"),
    tests(of: "ApusTokenizers", "ApusGGUF", "ApusModels", "ApusTemplates", "ApusJSON", "ApusText", "ApusCore"),
    tests(of: "ApusSampling", "ApusCore"),
    tests(of: "ApusStore", nio, nioPosix),
    tests(of: "ApusGGUF", "ApusText"),
    tests(of: "ApusCPU", "ApusCore", "ApusGGUF"),
    .testTarget(
      name: "ApusBackendTests", dependencies: ["ApusCore", "ApusCPU", "ApusReference", "ApusTestSupport"],
      swiftSettings: swift),
    tests(of: "ApusModels", "ApusCPU", "ApusReference", "ApusGGUF", "ApusTokenizers", "ApusSampling", "ApusCore"),
    tests(
      of: "Apus", "ApusCPU", "ApusReference", "ApusModels", "ApusGGUF", "ApusTokenizers", "ApusSampling", "ApusGrammar",
      "ApusChat", "ApusJSON", "ApusCore", isPlain: true),
    tests(
      of: "ApusServer", "Apus", "ApusStore", "ApusJSON", "ApusWire", hummingbird, hummingbirdCore, logging, metrics,
      metricsTestKit, tracing, tracingInMemory, nio, nioEmbedded, nioPosix, nioHTTP1, nioHPACK, nioHTTP2, nioSSL,
      httpTypes, isPlain: true),
    tests(of: "ApusEvaluation", "ApusCPU", "ApusModels", "ApusGGUF", "ApusCore"),
    tests(of: "ApusBenchmark", "ApusCPU", "ApusModels", "ApusCore"),
    tests(of: "ApusCLI", "ApusTokenizers", "ApusJSON", isPlain: true),
    .testTarget(name: "ArchitectureTests", swiftSettings: swift),
  ],
  cLanguageStandard: .c17
)

// For the sanitizers: only what reads untrusted input, its tests, and what these need.
if Context.environment["APUS_UNTRUSTED_INPUT"] != nil {
  let read = [
    "ApusText", "ApusGGUF", "ApusJSON", "ApusTemplates", "ApusTokenizers", "ApusCPU", "ApusGrammar", "ApusSchema",
    "ApusChat", "ApusWire",
  ]
  let needed = ["CApusKernels", "ApusSystem", "ApusCore", "ApusModels", "ApusSampling", "ApusTestSupport"]
  let kept = Set(read + read.map { $0 + "Tests" } + needed)
  package.dependencies = [swiftCrypto]
  package.products = []
  package.targets.removeAll { !kept.contains($0.name) }
}

// For Tests/Fuzz/run: libFuzzer has the program's entry, and all that is built is watched.
if Context.environment["APUS_FUZZ"] != nil {
  let read = ["ApusText", "ApusGGUF", "ApusJSON", "ApusTemplates", "ApusGrammar", "ApusSchema", "ApusChat"]
  let kept = Set(read + ["ApusSystem", "ApusCore"])
  package.dependencies = []
  package.products = []
  package.targets.removeAll { !kept.contains($0.name) }
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: kept.sorted().map { .target(name: $0) }, path: "Tests/Fuzz", exclude: ["run", "seeds.py"],
      swiftSettings: swift))
}
