internal import Apus
internal import ApusJSON
internal import ApusWire
internal import HTTPTypes

/// The bytes that another encoder writes, as parts of SageMaker's event stream.
struct PayloadParts: AnswerEncoder {
  var encoder: any AnswerEncoder

  /// What the parts are together.
  var streamHeaders: HTTPFields {
    let type = encoder is WholeStream ? "application/json" : ServerSentEvents.contentType
    return HTTPField.Name("X-Amzn-SageMaker-Content-Type").map { [$0: type] } ?? [:]
  }

  mutating func open(_ choice: Int) -> [UInt8] { Self.part(encoder.open(choice)) }

  mutating func progress(_ choice: Int, _ progress: PromptProgress) -> [UInt8] {
    Self.part(encoder.progress(choice, progress))
  }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] { Self.part(encoder.delta(choice, delta)) }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    // What cut it comes as an exception.
    result.end.error == nil ? Self.part(encoder.close(choice, result)) : []
  }

  mutating func finish(_ usage: UsageCount) -> [UInt8] { Self.part(encoder.finish(usage)) }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply { encoder.whole(results, usage) }

  private static func part(_ bytes: [UInt8]) -> [UInt8] {
    bytes.isEmpty ? [] : EventStream.event("PayloadPart", raw: bytes).bytes
  }
}

/// An answer that is sent as a whole where a stream was asked for: all of it comes at the end.
struct WholeStream: AnswerEncoder {
  var encoder: any AnswerEncoder
  private var results: [Int: ChoiceResult] = [:]

  init(encoder: any AnswerEncoder) { self.encoder = encoder }

  mutating func delta(_ choice: Int, _ delta: AnswerDelta) -> [UInt8] {
    results[choice, default: ChoiceResult()].tokens += delta.tokens
    return []
  }

  mutating func close(_ choice: Int, _ result: ChoiceResult) -> [UInt8] {
    var result = result
    result.tokens = results[choice]?.tokens ?? []
    results[choice] = result
    return []
  }

  mutating func finish(_ usage: UsageCount) -> [UInt8] {
    let ordered = results.sorted { $0.key < $1.key }.map(\.value)
    return encoder.whole(ordered, usage).body.serialized(.compact)
  }

  mutating func whole(_ results: [ChoiceResult], _ usage: UsageCount) -> WholeReply { encoder.whole(results, usage) }
}
