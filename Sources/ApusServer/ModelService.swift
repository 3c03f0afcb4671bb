internal import Apus
internal import ApusText

/// What all paths share: the model, who may use it, and the server's configuration.
struct ModelService: Sendable {
  let model: Model
  let configuration: ServerConfiguration
  let names: ModelNames
  /// Seconds since 1970 when the server started.
  let started: Int
  let admission: Admission
  /// Reads the bodies of requests.
  let body: JSONBody
  let preparation: Preparation
  let connections: Connections
  let file: ModelFileCheck
  /// Differs between models and kernels, so that clients see when the same seed may give another text.
  let fingerprint: String

  init(_ model: Model, _ configuration: ServerConfiguration, log: AccessLog) {
    self.model = model
    file = ModelFileCheck(model)
    self.configuration = configuration
    let name = (configuration.modelName ?? model.information.name).shortened(
      toByteCount: configuration.limits.modelNameByteCount)
    names = ModelNames([name], adapters: model.information.adapters, isStrict: configuration.hasStrictModels)
    started = configuration.unixTime()
    connections = Connections(
      limit: configuration.maximumConnections, addressLimit: configuration.effectiveConnectionsPerAddress
    ) { log.countConnectionWithoutRoom() }
    admission = Admission(limit: configuration.queueLimit + model.information.parallel) {
      model.engine.metrics.secondsUntilPlace
    }
    preparation = Preparation(limit: configuration.timeouts.preparation, waiting: configuration.timeouts.queue)
    ModelMetrics(model: name).follow(model.engine)
    body = JSONBody(limits: configuration.limits)
    let information = model.information
    fingerprint =
      "apus_"
      + hexadecimalDigits(
        of: fnv1a(
          "\(information.name) \(information.fileBytes) \(information.kernels) \(information.kvFormat.rawValue)"))
  }
}

/// The FNV-1a hash of a text, 64 bits (Fowler, Noll, Vo): stable from run to run.
private func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
