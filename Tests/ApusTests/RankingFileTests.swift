internal import Apus
internal import ApusGGUF
internal import ApusTestSupport
internal import Testing

@Suite struct `What a reranker's file says` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A tiny model with a classifier of so many scores over the last token.
  private func load(labels: [String]?, scores: Int, template: String? = nil) async throws -> Model {
    var model = TinyModel()
    // A question to a reranker with labels has some 300 tokens.
    model.contextLength = 512
    model.pooling = .ranking
    model.labels = labels
    model.scores = scores
    model.rankingTemplate = template
    let path = folder.path("model.gguf")
    try model.write(to: path)
    return try await Model.load(path, options: LoadOptions(threads: 1))
  }

  /// Why such a file is refused.
  private func refusal(labels: [String]?, scores: Int, template: String? = nil) async -> String {
    do {
      _ = try await load(labels: labels, scores: scores, template: template)
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  @Test func `is one score, or a label that means relevance`() async throws {
    #expect(try await load(labels: nil, scores: 1).rank("a", ["b"]).count == 1)
    #expect(try await load(labels: ["LABEL_0"], scores: 1).rank("a", ["b"]).count == 1)
    let answers = try await load(labels: ["no", "yes"], scores: 2).rank("a", ["b"])
    let reversed = try await load(labels: ["yes", "no"], scores: 2).rank("a", ["b"])
    #expect(abs(answers[0].score + reversed[0].score - 1) < 1e-5)
    for labels in [nil, ["LABEL_0", "LABEL_1"], ["good", "bad"]] {
      let reason = await refusal(labels: labels, scores: 2)
      #expect(reason.contains("classifier.output_labels") && reason.contains("\"yes\""), "\(reason)")
    }
  }

  @Test func `is a prompt with places for both texts`() async throws {
    let model = try await load(labels: nil, scores: 1, template: "on {query} in {document}?")
    let scores = try await model.rank("the", ["an", "in", "an"])
    #expect(scores[0] == scores[2] && scores[0].score != scores[1].score)
    for template in ["", "{query}", "only {document}", "{{ query }} {{ document }}", "{ query} {document}"] {
      let reason = await refusal(labels: nil, scores: 1, template: template)
      #expect(reason.contains("chat_template.rerank") && reason.contains("{document}"), "\(reason)")
    }
  }

  @Test func `is nothing of a prompt: the texts stand one after the other`() async throws {
    let model = try await load(labels: nil, scores: 1)
    let short = try await model.rank("a", ["b"])[0]
    let long = try await model.rank("a", [String(repeating: "b", count: 999)], truncates: true)[0]
    #expect(short.tokenCount < 8 && long.isTruncated && long.tokenCount == model.information.contextLength)
  }
}
