internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `Signals during an answer` {
  private let model: TinyModelFile

  init() throws {
    var tiny = TinyModel()
    tiny.contextLength = 1 << 16
    model = try TinyModelFile(tiny)
  }

  /// Starts an answer that takes long, calls `act` once it has begun, and waits for the end.
  private func interrupt(_ act: (Process) throws -> Void) throws -> (code: Int32, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Program.path))
    process.arguments = ["run", model.path, "--raw", "--ignore-eos", "--context", "65536", "--", "the end"]
    process.environment = ["SWIFT_BACKTRACE": "enable=no"]
    let output = Pipe()
    let errors = model.folder.path("errors")
    try Data().write(to: URL(fileURLWithPath: errors))
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    _ = output.fileHandleForReading.availableData
    try act(process)
    _ = try output.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    return (process.terminationStatus, try String(contentsOfFile: errors, encoding: .utf8))
  }

  @Test func `Ctrl-C ends the answer`() throws {
    let (code, errors) = try interrupt { $0.interrupt() }
    #expect(code == 130 && errors.isEmpty, "\(errors)")
  }

  @Test func `a model file that is cut while in use ends the program with a sentence`() throws {
    let (code, errors) = try interrupt { _ in
      #expect(unsafe truncate(model.path, 0) == 0)
    }
    // Seen between two steps, or felt within one.
    let isSeen = code == 1 && errors.contains("was changed since it was loaded")
    let isFelt = code == 71 && errors.hasPrefix("Error: the model file changed or was cut")
    #expect(isSeen || isFelt, "\(code) \(errors)")
  }
}
