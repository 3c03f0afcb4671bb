internal import Apus
internal import ApusJSON
internal import Foundation
internal import HTTPTypes

/// How the answers of one family of models look to those who invoke them.
protocol InvokeFormat: Sendable {
  /// What a stream says before anything else.
  func open() -> [JSONMembers]
  /// What it says of a piece.
  mutating func delta(_ delta: AnswerDelta) -> [JSONMembers]
  /// What it says at the end; the last of these gets the metrics that all families have.
  mutating func close(_ result: ChoiceResult) -> [JSONMembers]
  /// The whole answer.
  func whole(_ results: [ChoiceResult]) -> JSONMembers
}

extension InvokeFormat {
  func open() -> [JSONMembers] { [] }
}

/// Writes the answers of `InvokeModel`, and of its stream.
struct InvokeEncoder: AnswerEncoder {
  private var format: any InvokeFormat

  init(_ format: any InvokeFormat) { self.format = format }

  func open(_ choice: Int) -> [UInt8] { format.open().flatMap(Self.chunk) }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { format.delta(delta).flatMap(Self.chunk) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    // What cut it comes as an exception.
    guard result.end.error == nil else { return [] }
    var chunks = format.close(result)
    if let summary = result.summary, !chunks.isEmpty {
      chunks[chunks.count - 1].append(("amazon-bedrock-invocationMetrics", summary.invocationMetrics))
    }
    return chunks.flatMap(Self.chunk)
  }

  func finish(_ usage: UsageCount) -> [UInt8] { [] }

  func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply {
    var reply = WholeReply(.object(JSONObject(format.whole(results))))
    reply.headers = Self.headers(results, usage)
    return reply
  }

  /// What programs that count costs read of an answer.
  static func headers(_ results: [ChoiceResult], _ usage: UsageCount) -> HTTPFields {
    headers(
      inputTokens: usage.promptTokens, outputTokens: usage.completionTokens,
      latency: results.compactMap { $0.summary?.latency }.max() ?? 0)
  }

  /// The same for an answer that may be none of generated text; `latency` is milliseconds.
  static func headers(inputTokens: Int, outputTokens: Int, latency: Int) -> HTTPFields {
    var headers = HTTPFields()
    for (name, value) in [
      ("Input-Token-Count", inputTokens), ("Output-Token-Count", outputTokens), ("Invocation-Latency", latency),
    ] {
      if let name = HTTPField.Name("X-Amzn-Bedrock-" + name) { headers[name] = "\(value)" }
    }
    return headers
  }

  /// One part of a stream.
  static func chunk(_ json: [UInt8]) -> [UInt8] {
    Framing.eventStream.frame(["bytes": .string(Data(json).base64EncodedString())], name: "chunk")
  }

  private static func chunk(_ members: JSONMembers) -> [UInt8] {
    chunk(JSONValue.object(JSONObject(members)).serialized(.compact))
  }
}

extension GenerationSummary {
  /// Milliseconds from the request to the end of its answer.
  var latency: Int { (timings.queue + timings.prefill + timings.decode).milliseconds }

  fileprivate var invocationMetrics: JSONValue {
    [
      "inputTokenCount": .int(usage.promptTokens), "outputTokenCount": .int(usage.completionTokens),
      "invocationLatency": .int(latency), "firstByteLatency": .int((timings.queue + timings.prefill).milliseconds),
    ]
  }
}

extension Duration {
  /// Whole milliseconds, rounded.
  var milliseconds: Int { Int((self / .milliseconds(1)).rounded()) }
}

extension AnswerDelta {
  /// What it says to those who know no reasoning and no calls.
  var content: String {
    var said = TurnSummary()
    said.take(events)
    return said.content
  }
}
