internal import ApusJSON

/// The tools of a session.
struct ToolBox: Sendable {
  let tools: [any Tool]
  /// What a model is told of them, in the form of OpenAI's API.
  let definitions: [JSONValue]

  /// Throws where a tool cannot be told of, or two have one name.
  init(_ tools: [any Tool]) throws(ApusError) {
    self.tools = tools
    definitions = try ToolDefinition.json(tools.map { tool throws(ApusError) in try tool.definition })
  }

  /// Runs all of `calls` at the same time; their results, in their order.
  ///
  /// Where a failure ends it, the first one cancels the others and is all that comes of them.
  func results(of calls: [ToolCall], failures: ToolFailures) async -> Result<[ToolResult], ApusError> {
    var firstFailure: ToolResult?
    let results = await withTaskGroup(of: (Int, ToolResult).self) { group in
      for (index, call) in calls.enumerated() { group.addTask { (index, await result(of: call)) } }
      var results: [Int: ToolResult] = [:]
      for await (index, result) in group {
        results[index] = result
        guard result.isError, failures == .end, firstFailure == nil else { continue }
        firstFailure = result
        group.cancelAll()
      }
      return calls.indices.compactMap { results[$0] }
    }
    if let firstFailure { return .failure(.toolFailed(name: firstFailure.call.name, reason: firstFailure.text)) }
    return .success(results)
  }

  private func result(of call: ToolCall) async -> ToolResult {
    do {
      guard let tool = tools.first(where: { $0.name == call.name }) else {
        let names = tools.map(\.name).joined(separator: ", ")
        throw OutputProblem("there is no tool '\(call.name)': use \(names)")
      }
      return ToolResult(call: call, text: try await tool.text(ofCallWith: call.arguments))
    } catch {
      return ToolResult(call: call, text: "\(error)", isError: true)
    }
  }
}

extension Tool {
  /// What a call with these arguments gives, as the model gets it.
  fileprivate func text(ofCallWith json: String) async throws -> String {
    let arguments: Arguments
    do {
      arguments = try OutputDecoder(strict: JSONParser.parse(Array(json.utf8))).decode(Arguments.self)
    } catch {
      throw OutputProblem("the arguments do not fit: \(error)")
    }
    let output = try await call(arguments)
    if let text = output as? String { return text }
    return String(decoding: try OutputEncoder.json(output).serialized(.compact), as: UTF8.self)
  }
}
