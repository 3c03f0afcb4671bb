internal import Apus
internal import ApusJSON
internal import ArgumentParser

/// `apus embed`: texts to vectors, or scores of documents for a query.
struct Embed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns texts into vectors (embeddings), or ranks them for a query.",
    discussion: """
      Texts of similar meaning have vectors of similar direction:

        apus embed all-minilm-l6-v2.gguf "A man is eating food." "Someone has lunch."
        apus embed nomic-embed-text.gguf < lines.txt > vectors.txt

      Input: the texts given, or where there are none the lines of standard input, each a text. Many models want a word \
      before a text that says what it is for, such as "search_query: "; the model's page tells.

      Output: a line for each text, in the same order: the values of its vector with spaces between them, or with \
      --json {"embedding": [...], "tokens": n, "truncated": false}.

      Pooling: a model has a vector for each token of a text. An embedding model knows how they become one; for a model \
      that generates text, name it with --pooling.

      Length: vectors are brought to length 1, so that the sum of the products of two is the cosine of their angle: 1 \
      for the same direction. With --no-normalize they stay as the model made them.

      A reranker says how well each text fits a query, as one number, or with --json {"score": x, ...}; more is better:

        apus embed bge-reranker.gguf --query "What do pandas eat?" "Bamboo." "A bear of China."
      """)

  @OptionGroup var model: ModelArgument
  @Argument(help: "The texts; the lines of standard input where there are none.") var texts: [String] = []

  @Option(help: ArgumentHelp("Say how well each text fits this query; for rerankers.", valueName: "text"))
  var query: String?
  @Flag(inversion: .prefixedNo, help: "Whether vectors are brought to length 1.") var normalize = true
  @Option(help: "How the vectors of a text's tokens become one; by default as the model has it.")
  var pooling: EmbeddingOptions.Pooling?
  @Flag(help: "Leave out the end of a text with more tokens than --context, instead of failing.") var truncate = false
  @Flag(help: "Write one JSON object for each text.") var json = false

  @OptionGroup(title: "Loading options") var load: LoadArguments

  func validate() throws {
    if query != nil, pooling != nil { throw ValidationError("--query ranks texts: leave out --pooling") }
  }

  func run() async throws {
    let model = try await loadModel()
    StandardError.warn(model.information.warnings.filter { $0.topic == .vocabulary })
    let output = Output()
    if texts.isEmpty {
      try await answerLines(model, output)
    } else {
      try await answer(texts, model, output)
    }
    try output.flush()
  }

  private func loadModel() async throws -> Model {
    let bar = ProgressBar("loading")
    defer { bar.finish() }
    var options = load.options
    // Texts share steps.
    options.parallel = nil
    return try await Model.load(model.path, options: options) { bar.update($0.loadedBytes, of: $0.totalBytes) }
  }

  /// Lines that are computed together where they are there.
  private static let groupSize = 64

  private func answerLines(_ model: Model, _ output: Output) async throws {
    let input = Input()
    var group: [String] = []
    var answered = 0
    while let line = try input.nextLine(willWait: output.flush) {
      let number = answered + group.count + 1
      guard case .text(let bytes) = line else { throw Failure("line \(number) has more than 8 MiB: give less") }
      group.append(try StoredText.text(bytes, from: "line \(number)"))
      guard group.count == Self.groupSize || input.isDrained else { continue }
      try await answer(lines: group, after: answered, model, output)
      answered += group.count
      group = []
    }
    if !group.isEmpty { try await answer(lines: group, after: answered, model, output) }
  }

  /// Answers lines of the input; so many came before them.
  private func answer(lines: [String], after count: Int, _ model: Model, _ output: Output) async throws {
    do {
      try await answer(lines, model, output)
    } catch ApusError.invalidText(let index, let reason) {
      throw Failure("line \(count + index + 1) \(reason)")
    }
  }

  private func answer(_ texts: [String], _ model: Model, _ output: Output) async throws {
    if let query {
      for score in try await model.rank(query, texts, truncates: truncate) {
        try write(score, output)
      }
    } else {
      let options = EmbeddingOptions(pooling: pooling, isNormalized: normalize, truncates: truncate)
      for embedding in try await model.embed(texts, options: options) { try write(embedding, output) }
    }
  }

  private func write(_ embedding: Embedding, _ output: Output) throws(OutputError) {
    guard json else { return try output.writeLine(embedding.vector.map { "\($0)" }.joined(separator: " ")) }
    try writeJSON(
      [
        "embedding": .array(embedding.vector.map(number)), "tokens": .int(embedding.tokenCount),
        "truncated": .bool(embedding.isTruncated),
      ], output)
  }

  private func write(_ score: DocumentScore, _ output: Output) throws(OutputError) {
    guard json else { return try output.writeLine("\(score.score)") }
    try writeJSON(
      [
        "score": number(score.score), "tokens": .int(score.tokenCount), "truncated": .bool(score.isTruncated),
      ], output)
  }

  private func writeJSON(_ value: JSONValue, _ output: Output) throws(OutputError) {
    try output.write(value.serialized(.compact))
    try output.writeLine()
  }
}

/// A value with the digits that tell it from its neighbours, as it is printed without JSON.
private func number(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? .nan) }

extension ModelPurpose {
  /// Throws where the model generates no text; `instead` says what can be done with it.
  func requireGeneration(path: String, instead: String) throws(Failure) {
    let what: String
    switch self {
    case .generation: return
    case .embedding: what = "makes embeddings"
    case .ranking: what = "ranks texts"
    }
    throw Failure("\(path) \(what) and does not generate text: \(instead), or give a model that does")
  }
}
