internal import Apus

// The code of Apus.docc/GettingStarted.md and README.md: compiled, so that it stays right, and never run.

private func load() async throws {
  let model = try await Model.load("model.gguf")
  let answer = try await model.chat([.user("What is a swift?")], options: GenerationOptions(maxTokens: 200))
  print(answer.text)
  print(answer.finishReason, answer.usage.completionTokens, answer.summary.timings.decodeTokensPerSecond)
}

private func progress(path: String) async throws {
  let model = try await Model.load(path, options: LoadOptions(contextLength: 2048)) { progress in
    print(progress.loadedBytes, "of", progress.totalBytes)
  }
  for warning in model.information.warnings { print("warning: \(warning)") }
}

private func errors(model: Model) async {
  do throws(ApusError) {
    print(try await model.complete("Once upon a time").text)
  } catch .queueFull {
    print("too many requests wait: try again later")
  } catch {
    print(error)
  }
}

private func stream() async throws {
  let model = try await Model.load("model.gguf")
  for try await event in try model.streamChat([.user("Why is the sky blue?")]) {
    if case .text(let delta) = event { print(delta.text, terminator: "") }
  }
}
