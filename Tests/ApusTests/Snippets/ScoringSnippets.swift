internal import Apus

// The code of Apus.docc/Scoring.md and Embeddings.md: compiled, so that it stays right, and never run.

private func choose(model: Model) async throws {
  let question = model.tokenize("The capital of France is")
  for answer in [" Paris", " Rome"] {
    let scores = try await model.score(
      tokens: question + model.tokenize(answer, addSpecial: false), from: question.count)
    print(answer, scores.reduce(0) { $0 + $1.chosen })
  }
}

private func perplexity(model: Model, text: String) async throws -> Double {
  let scores = try await model.score(tokens: model.tokenize(text))
  let mean = scores.reduce(0) { $0 + $1.chosen } / Double(scores.count)
  return mean
}

private func embed(model: Model) async throws {
  let texts = ["A swift sleeps on the wing.", "Bread needs flour, water and salt."]
  let embeddings = try await model.embed(texts, options: EmbeddingOptions(truncates: true))
  let question = try await model.embed("Where do birds rest?")
  for (text, embedding) in zip(texts, embeddings) {
    let similarity = zip(question.vector, embedding.vector).reduce(0) { $0 + $1.0 * $1.1 }
    print(similarity, text)
  }
}

private func rank(model: Model, documents: [String]) async throws {
  let scores = try await model.rank("Where do birds rest?", documents)
  for (document, score) in zip(documents, scores) { print(score.score, document) }
}
