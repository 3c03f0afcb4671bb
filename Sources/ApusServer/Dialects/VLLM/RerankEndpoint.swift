internal import Apus
internal import ApusJSON
internal import Foundation
internal import Hummingbird

/// `POST /rerank`, `/v1/rerank` and `/v2/rerank` as Jina, Cohere, vLLM and llama.cpp have them, and as TEI has it where
/// the documents are called `texts`; and llama.cpp's `/reranking`.
struct RerankEndpoint: ReplyEndpoint {
  /// Whether scores are the classifier's own where nothing else is asked for; else they are from 0 to 1.
  var isRaw = false
  var dialect: any Dialect = OpenAIDialect()
  var promptField: String { "documents" }
  var operation: String? { "rerank" }

  func field(_ name: String) -> String { name == "input" ? promptField : name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let isBare = fields["texts"] != nil
    guard let query = try fields.string("query") else { throw fields.mismatch("query", "a text") }
    let documents = try fields.documents(isBare ? "texts" : "documents", setting.limits)
    let most = try fields.int("top_n", in: 1...Int(Int32.max)) ?? documents.count
    let returnsText = try fields.bool(isBare ? "return_text" : "return_documents") ?? !isBare
    let isRaw = try fields.wantsRawScores() ?? isRaw
    let model = setting.model
    let inputs = try model.rankingInputs(
      query, documents, truncates: try fields.truncates(), shouldStop: setting.shouldStop)
    setting.usage.charge(promptTokens: inputs.reduce(0) { $0 + $1.tokens.count })
    let name = setting.name
    return {
      let scores = try await model.rank(inputs)
      let values = scores.map { isRaw ? $0.score : model.probability($0.score) }
      let order = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }.prefix(most)
      let results = order.map { index -> JSONValue in
        var result = JSONObject([
          ("index", .int(index)), (isBare ? "score" : "relevance_score", .double(Double(values[index]))),
        ])
        if returnsText {
          result[isBare ? "text" : "document"] =
            isBare ? .string(documents[index]) : ["text": .string(documents[index])]
        }
        return .object(result)
      }
      guard !isBare else { return WholeReply(.array(results)) }
      return WholeReply([
        "id": .string("rerank-" + hexadecimalDigits(of: UInt64.random(in: .min ... .max))), "object": "list",
        "model": .string(name), "usage": vectorUsage(scores.reduce(0) { $0 + $1.tokenCount }),
        "results": .array(results),
      ])
    }
  }
}

extension RequestFields {
  /// Whether scores are wanted as the classifier gives them, by any of the names of that; nil where none is there.
  func wantsRawScores() throws(Refusal) -> Bool? {
    let isActivated = try only(["use_activation", "activation"]) { name throws(Refusal) in try bool(name) }
    return try bool("raw_scores") ?? isActivated.map { !$0 }
  }
}

extension Model {
  /// A score of a ranking as a number from 0 to 1: the logistic function of a classifier's.
  func probability(_ score: Float) -> Float { ranksByProbability ? score : 1 / (1 + exp(-score)) }
}
