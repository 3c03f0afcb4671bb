internal import Apus

// The code of Apus.docc/Adapters.md: compiled, so that it stays right, and never run.

private func load() async throws -> Model {
  let adapters = [Adapter(name: "poet", path: "poet.gguf"), Adapter(name: "clerk", path: "clerk.gguf")]
  let model = try await Model.load("model.gguf", options: LoadOptions(adapters: adapters))
  return model
}

private func write(_ model: Model) async throws -> Completion {
  let options = GenerationOptions(adapters: [AdapterChoice("poet")])
  let poem = try await model.complete("Write about swifts.", options: options)
  return poem
}

private func blended() -> GenerationOptions {
  let blend = GenerationOptions(adapters: [AdapterChoice("poet", scale: 0.5), AdapterChoice("clerk", scale: 0.5)])
  return blend
}
