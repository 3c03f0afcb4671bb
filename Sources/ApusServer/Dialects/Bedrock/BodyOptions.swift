internal import Apus

/// What a body calls the options that bodies of each family name in their own way.
struct BodyNames: Sendable {
  var maxTokens = ["max_tokens"]
  /// Tokens of an answer for which no limit is given; nil goes on to the end of the context.
  var usualMaxTokens: Int?
  var topP = ["top_p"]
  var topK = ["top_k"]
  var stop = ["stop"]
}

extension JobSetting {
  /// The same, with the limits of Bedrock's own service.
  var ofBedrock: JobSetting {
    var setting = self
    setting.limits.stops = limits.bedrockStops
    setting.limits.temperature = limits.bedrockTemperature
    return setting
  }
}

extension RequestFields {
  /// How an answer is to be made, in fields of these names, and of the names that other dialects have; `own` is what the
  /// body says in a field of its own of what the answer must be.
  ///
  /// What is not named is as the model recommends it, in all dialects.
  func options(
    _ names: BodyNames, _ setting: JobSetting, own: NamedConstraint? = nil
  ) throws(Refusal) -> GenerationOptions {
    let limits = setting.limits
    let maxTokens = try only(names.maxTokens) { name throws(Refusal) in try int(name, in: 1...Int.max) }
    let stop = try only(names.stop) { name throws(Refusal) in try stops(name, limits) }
    var options = try options(
      setting, maxTokens: maxTokens ?? setting.usual.maxTokens ?? names.usualMaxTokens, stop: stop ?? [],
      try constraint(beside: own))
    if let topP = try only(names.topP, { name throws(Refusal) in try number(name, in: 0...1) }) {
      options.sampling?.topP = topP
    }
    if let topK = try only(names.topK, { name throws(Refusal) in try int(name, in: 0...Int(Int32.max)) }) {
      options.sampling?.topK = topK
    }
    // The path names the model, or an adapter.
    options.adapters = try adapters(model: setting.name, among: setting.model.information.adapters)
    return options
  }

  /// The texts that end an answer; nil where there is no such field.
  private func stops(_ name: String, _ limits: RequestLimits) throws(Refusal) -> [String]? {
    guard self[name] != nil else { return nil }
    // Under this name some makers take a single text, too.
    if name == "stop" { return try texts(name, limits: limits) }
    return try textList(name, limits: limits)
  }
}
