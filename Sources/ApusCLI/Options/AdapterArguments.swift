internal import Apus
internal import ArgumentParser

/// LoRA adapters that all answers are computed with.
struct AdapterArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("A LoRA adapter of the model (GGUF) to answer with; may be repeated.", valueName: "path"))
  var lora: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Factor on what the adapters add.", valueName: "number"))
  var loraScale: Float = 1

  func validate() throws {
    if !loraScale.isFinite { throw ValidationError("--lora-scale must be a number, not \(loraScale)") }
    if lora.isEmpty, loraScale != 1 { throw ValidationError("--lora-scale needs --lora: give an adapter's file") }
  }

  /// The adapters, which are called as their files.
  var adapters: [Adapter] { lora.map { Adapter(name: $0, path: $0) } }
  var choices: [AdapterChoice] { lora.map { AdapterChoice($0, scale: loraScale) } }
}

/// An adapter under a name: `NAME=PATH`.
struct NamedAdapter: ExpressibleByArgument {
  let adapter: Adapter

  /// Nil without a name or a path.
  init?(argument: String) {
    guard let sign = argument.firstIndex(of: "=") else { return nil }
    let (name, path) = (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
    guard !name.isEmpty, !path.isEmpty else { return nil }
    adapter = Adapter(name: name, path: path)
  }
}
