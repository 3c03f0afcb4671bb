internal import ApusTestSupport
internal import Foundation

/// The built program `apus`, run as a person or a script runs it.
enum Program {
  /// What one run gave.
  struct Result {
    let code: Int32
    let output: Data
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
  }

  /// The program beside the tests, else the one that `swift build` made.
  static let path: String? = {
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let folders = [tests, TestData.packageRoot.appendingPathComponent(".build/release")]
    return folders.map { $0.appendingPathComponent("apus").path }
      .first(where: FileManager.default.isExecutableFile(atPath:))
  }()

  /// Runs the program to its end; after two minutes it is killed.
  static func run(
    _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
  ) throws -> Result {
    guard let path else { throw CocoaError(.fileNoSuchFile) }
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = cleanEnvironment.merging(environment) { $1 }
    // Files instead of pipes: no output can fill up and stop the program.
    process.standardInput = try FileHandle(forReadingFrom: file("input", in: folder, holding: input ?? Data()))
    process.standardOutput = try FileHandle(forWritingTo: file("output", in: folder))
    process.standardError = try FileHandle(forWritingTo: file("errors", in: folder))
    try process.run()
    let watchdog = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 120, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    let output = try Data(contentsOf: folder.url.appendingPathComponent("output"))
    let errors = try Data(contentsOf: folder.url.appendingPathComponent("errors"))
    return Result(code: process.terminationStatus, output: output, errors: String(decoding: errors, as: UTF8.self))
  }

  /// The same, with text as input.
  static func run(
    _ arguments: String..., input: String = "", environment: [String: String] = [:]
  ) throws -> Result {
    try run(arguments, input: Data(input.utf8), environment: environment)
  }

  /// Without settings of this machine that change what the program does.
  private static let cleanEnvironment: [String: String] = {
    var environment = ProcessInfo.processInfo.environment
    environment["APUS_MODELS"] = nil
    environment["SWIFT_BACKTRACE"] = "enable=no"
    return environment
  }()

  private static func file(_ name: String, in folder: TemporaryFolder, holding data: Data = Data()) throws -> URL {
    let url = folder.url.appendingPathComponent(name)
    try data.write(to: url)
    return url
  }
}
