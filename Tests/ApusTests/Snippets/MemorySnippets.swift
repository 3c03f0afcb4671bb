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
  let chat = try await Model.load(chatPath)
  let embedding = try await Model.load(embeddingPath)
  print(chat.information.name, embedding.information.name)
}
