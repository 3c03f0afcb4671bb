internal import Apus

// The code of Apus.docc/Memory.md: compiled, so that it stays right, and never run.

private func load(path: String) async throws -> Model {
  var options = LoadOptions(contextLength: 32_768)
  do throws(ApusError) {
    return try await Model.load(path, options: options)
  } catch .notEnoughMemory(_, _, let largestContext?) {
    options.contextLength = largestContext
    return try await Model.load(path, options: options)
  }
}

private func compact(path: String) async throws -> Model {
  try await Model.load(path, options: LoadOptions(contextLength: 32_768, kvFormat: .q8_0))
}

private func drafted(path: String, draftPath: String) async throws -> Model {
  try await Model.load(path, options: LoadOptions(draft: draftPath))
}

private func several(chatPath: String, embeddingPath: String) async throws {
  let chat = try await Model.load(chatPath, options: LoadOptions(kvMemory: 2 << 30))
  let embedding = try await Model.load(embeddingPath, options: LoadOptions(memory: 1 << 30))
  print(chat.information.name, embedding.information.name)
}

private func onDemand(_ smallPath: String, _ largePath: String, prompt: String) async throws {
  let pool = ModelPool(
    [
      ModelPool.Source(name: "small", path: smallPath),
      ModelPool.Source(name: "large", path: largePath, options: LoadOptions(contextLength: 8192)),
    ],
    memory: 12 << 30, idleTime: .seconds(600))
  let lease = try await pool.model("large")
  let answer = try await lease.model.complete(prompt)
  print(answer.text)
}
