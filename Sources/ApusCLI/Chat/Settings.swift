internal import Apus
internal import ArgumentParser

/// The generation options of a chat, by the names that the command line gives them.
enum Settings {
  /// Changes the option `name`, written as on the command line with or without its dashes.
  static func set(_ name: String, to value: String, in options: inout GenerationOptions) throws(Failure) {
    let option = "--" + name.drop { $0 == "-" }.map { $0 == "_" ? "-" : String($0) }.joined()
    do {
      let arguments = try GenerationArguments.parse(value.isEmpty ? [option] : [option, value])
      var changed = options
      arguments.apply(to: &changed)
      try changed.validate()
      options = changed
    } catch {
      throw Failure(reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    if let error = error as? ApusError { return error.description }
    return GenerationArguments.message(for: error)
  }

  /// The options, one a line.
  static func description(of options: GenerationOptions) -> String {
    let sampling = options.sampling ?? SamplingOptions()
    var table = Table([.left])
    table.add("max-tokens", options.maxTokens.map(String.init) ?? "-1")
    table.add("seed", options.seed.map { String($0) } ?? "random")
    table.add("stop", options.stop.isEmpty ? "none" : options.stop.map { "\"\($0)\"" }.joined(separator: ", "))
    table.add("temperature", "\(sampling.temperature)")
    table.add("top-k", "\(sampling.topK)")
    table.add("top-p", "\(sampling.topP)")
    table.add("min-p", "\(sampling.minP)")
    table.add("typical", "\(sampling.typicalP)")
    table.add("repeat-penalty", "\(sampling.repetitionPenalty)")
    table.add("presence-penalty", "\(sampling.presencePenalty)")
    table.add("frequency-penalty", "\(sampling.frequencyPenalty)")
    table.add("dry-multiplier", "\(sampling.dryMultiplier)")
    table.add("xtc-probability", "\(sampling.xtcProbability)")
    table.add("mirostat", "\(sampling.mirostat)")
    return table.lines().joined(separator: "\n")
  }
}
