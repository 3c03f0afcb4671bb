internal import Apus
internal import ApusText
internal import Hummingbird
internal import Logging
internal import Metrics

/// What all paths share: the models, who may use them, and the server's configuration.
struct ModelService: Sendable {
  let pool: ModelPool
  let names: ModelNames
  /// By their numbers; the first is the default.
  let models: [ServedModel]
  let configuration: ServerConfiguration
  /// Seconds since 1970 when the server started.
  let started: Int
  private let start = ContinuousClock.now
  /// Bounds the requests for all models together, before it is known for which a request is.
  let admission: Admission
  /// Bounds the requests of batches, which take no place of clients that wait.
  let background: Admission
  /// The files and batches that are kept; nil where there is no folder for them.
  let batches: BatchDesk?
  /// Reads the bodies of requests.
  let body: JSONBody
  let preparation: Preparation
  let connections: Connections
  let keys: KeyStore
  /// With which AWS's clients sign; nil where signatures say nothing.
  let accessKeys: AccessKeyStore?
  /// Bounds what single clients may ask for.
  let usage: UsageGate
  /// What clients have used.
  let ledger = UsageLedger()
  /// Answers that tries of one call wait for.
  let joined: JoinedAnswers
  /// What is measured.
  let registry = MetricsRegistry()
  let logger: Logger

  init(
    _ pool: ModelPool, _ configuration: ServerConfiguration, keys: KeyStore, accessKeys: AccessKeyStore?,
    log: AccessLog, _ logger: Logger
  ) {
    self.pool = pool
    self.logger = logger
    self.configuration = configuration
    names = ModelNames(pool, configuration)
    // What the program's own system of metrics is told, `/metrics` tells too.
    let factory = MultiplexMetricsHandler(factories: [MetricsSystem.factory, registry])
    let models = pool.names.map { ServedModel($0, in: pool, queueLimit: configuration.queueLimit, factory) }
    self.models = models
    started = configuration.unixTime()
    connections = Connections(
      limit: configuration.maximumConnections, addressLimit: configuration.effectiveConnectionsPerAddress
    ) { log.countConnectionWithoutRoom() }
    admission = Admission(limit: models.reduce(0) { $0 + $1.admission.limit }) {
      models.map { $0.admission.secondsUntilPlace }.min() ?? 2
    }
    background = Admission(limit: min(4, pool.parallel(pool.names[0]))) { 2 }
    batches = configuration.files.map {
      BatchDesk(FileWork($0, logger), configuration.batchLimits, configuration.unixTime, logger)
    }
    preparation = Preparation(limit: configuration.timeouts.preparation, waiting: configuration.timeouts.queue)
    body = JSONBody(limits: configuration.limits)
    self.keys = keys
    self.accessKeys = accessKeys
    joined = JoinedAnswers(grace: configuration.timeouts.retryGrace)
    usage = UsageGate(addressLimits: configuration.addressLimits)
  }

  /// The model of that number, loaded first where it is not; the wait ends with the client's presence.
  func lease(_ number: Int, for client: ClientPresence?, _ logger: Logger) async throws -> ModelLease {
    let (pool, name) = (pool, models[number].name)
    do {
      let lease = try await client.whilePresent { try await pool.model(name) }
      models[number].measures.follow(lease.model.engine)
      return lease
    } catch ApusError.stopped {
      throw client?.departure?.error ?? .shuttingDown
    } catch let error as ApusError {
      let refusal = Refusal(loading: error)
      // What may be better in a moment stands in the request's own line.
      if refusal.kind == .modelNotLoaded {
        logger.error("a model could not be loaded", metadata: ["model": "\(name)", "error": "\(error)"])
      }
      throw refusal
    }
  }

  /// The model that a request without a body asks about, by `model` in its query, or the default; and the name that it is
  /// asked for by.
  ///
  /// It takes a place while the model is loaded, as requests for answers do.
  func asked(by request: Request, _ context: APIRequestContext) async throws -> (lease: ModelLease, name: String) {
    let name = request.uri.queryParameters["model"].map {
      String($0).shortened(toByteCount: configuration.limits.modelNameByteCount)
    }
    let choice = try names.choice(for: name, by: context.key)
    let permit = try models[choice.model].admission.admit(beside: try admission.admit())
    defer { withExtendedLifetime(permit) {} }
    return (try await lease(choice.model, for: context.client, context.logger), choice.name)
  }

  /// What the machine costs, where that is known.
  func cost() -> InstanceCost? {
    configuration.instancePrice.map { InstanceCost(price: $0, uptime: ContinuousClock.now - start, registry.samples) }
  }

  /// The models that are loaded now.
  var loadedModels: [Model] { Array(pool.loadedModels.values) }
}
