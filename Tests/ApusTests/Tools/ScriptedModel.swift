internal import Apus
internal import ApusTestSupport

/// A tiny model that says what a script says to some messages, token by token.
struct ScriptedModel {
  private let tiny: TestModel

  init() throws { tiny = try TestModel { $0.contextLength = 4096 } }

  func load() async throws -> Model { try await tiny.load() }

  func session(
    tools: [any Tool], options: SessionOptions = SessionOptions(), transcript: Transcript = Transcript(),
    _ script: @escaping @Sendable (_ messages: [ChatMessage]) -> String
  ) async throws -> ChatSession {
    let model = try await load()
    let definitions = try ToolDefinition.json(tools.map { try $0.definition })
    return try ChatSession(model, transcript, options, tools: tools) { messages, options throws(ApusError) in
      var turn = try model.turn(messages, tools: definitions, options: options)
      turn.request.constraint = try model.compile(.choices([script(messages)]))
      return turn
    }
  }

  /// What a model says that calls tools.
  static func calls(_ calls: (name: String, arguments: String)...) -> String {
    calls.map { "<tool_call>\n{\"name\": \"\($0.name)\", \"arguments\": \($0.arguments)}\n</tool_call>" }
      .joined(separator: "\n")
  }
}

/// A tool's own error.
struct ToolTrouble: Error, CustomStringConvertible {
  let description: String
}

/// Something to wait for.
struct Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func open() { continuation.finish() }
  /// Returns when it is open, or the task is cancelled.
  func wait() async { for await _ in stream {} }
}
