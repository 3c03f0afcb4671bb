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
  let models: ServedModels
  /// Those that clients have loaded; nil where they may load none.
  let loadedByClients: ClientModels?
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
  /// Invocations that are answered later; nil where there is no place for them.
  let later: LaterDesk?
  /// Reads the bodies of requests.
  let body: JSONBody
  let preparation: Preparation
  let connections: Connections
  let readiness = Readiness()
  let keys: KeyStore
  /// With which AWS's clients sign; nil where signatures say nothing.
  let accessKeys: AccessKeyStore?
  /// Bounds what single clients may ask for.
  let usage: UsageGate
  /// What clients have used.
  let ledger = UsageLedger()
  /// Has these kept.
  let usageKeeper: UsageKeeper
  /// What need not be computed again; nil where nothing is kept for that.
  let cache: AnswerCache?
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
    // What the program's own system of metrics is told, `/metrics` tells too.
    let factory = MultiplexMetricsHandler(factories: [MetricsSystem.factory, registry])
    let served = { @Sendable (name: String) in
      ServedModel(name, in: pool, queueLimit: configuration.queueLimit, factory)
    }
    let models = ServedModels(pool.names.map(served))
    self.models = models
    cache = configuration.cache.map { AnswerCache($0, factory, logger) }
    let standard = pool.names.first
    names = ModelNames(models, adapters: standard.map(pool.adapters) ?? [], configuration)
    loadedByClients = configuration.modelFolders.map { ClientModels($0, pool, models, served) }
    started = configuration.unixTime()
    connections = Connections(
      limit: configuration.maximumConnections, addressLimit: configuration.effectiveConnectionsPerAddress
    ) { log.countConnectionWithoutRoom() }
    admission = Admission {
      // Models can be asked for, and loaded, where there is none yet.
      max(configuration.queueLimit + 1, models.list.reduce(0) { $0 + $1.admission.limit })
    } retryAfter: {
      models.list.map { $0.admission.secondsUntilPlace }.min() ?? 2
    }
    background = Admission(currentLimit: { min(4, standard.map(pool.parallel) ?? LoadOptions.defaultParallel) }) { 2 }
    batches = configuration.files.map {
      BatchDesk(FileWork($0, logger), configuration.batchLimits, configuration.unixTime, logger)
    }
    let together = background.limit
    later = configuration.laterInvocations.map {
      LaterDesk($0, byteCount: configuration.limits.invocationByteCount, together: together, logger)
    }
    preparation = Preparation(limit: configuration.timeouts.preparation, waiting: configuration.timeouts.queue)
    body = JSONBody(limits: configuration.limits)
    self.keys = keys
    self.accessKeys = accessKeys
    joined = JoinedAnswers(grace: configuration.timeouts.retryGrace)
    usageKeeper = UsageKeeper(ledger, configuration.store, configuration.unixTime, logger)
    usage = UsageGate(addressLimits: configuration.addressLimits)
  }

  /// The model of that number, loaded first where it is not; the wait ends with the client's presence.
  ///
  /// - Parameters:
  ///   - number: The model.
  ///   - client: Who waits.
  ///   - logger: Is told of a model that cannot be loaded.
  ///   - refusal: What the client is told then.
  /// - Returns: The model, which stays as long as this.
  /// - Throws: A `Refusal`.
  func lease(
    _ number: Int, for client: ClientPresence?, _ logger: Logger,
    refusal: (ApusError) -> Refusal = { Refusal(loading: $0) }
  ) async throws -> ModelLease {
    let (pool, name) = (pool, models[number].name)
    do {
      let lease = try await client.whilePresent { try await pool.model(name) }
      models[number].measures.follow(lease.model.engine)
      return lease
    } catch ApusError.stopped {
      throw client?.departure?.error ?? .shuttingDown
    } catch let error as ApusError {
      throw noted(refusal(error), error, of: name, logger)
    }
  }

  /// The refusal of a request for a model that could not be loaded, or not be read; the log has the reason.
  private func noted(_ refusal: Refusal, _ error: ApusError, of name: String, _ logger: Logger) -> Refusal {
    // What may be better in a moment stands in the request's own line.
    if refusal.kind == .modelNotLoaded {
      logger.error("a model could not be loaded", metadata: ["model": "\(name)", "error": "\(error)"])
    }
    return refusal
  }

  /// What requests to the model can count on that a request without a body asks about, by `model` in its query, or the
  /// default; and the name that it is asked for by.
  ///
  /// No model is loaded for it: who only looks at a server changes nothing.
  func asked(by request: Request, _ context: APIRequestContext) async throws -> AskedModel {
    let name = request.uri.queryParameters["model"].map {
      String($0).shortened(toByteCount: configuration.limits.modelNameByteCount)
    }
    let choice = try names.choice(for: name, by: context.key)
    let own = models[choice.model].name
    let setup = try await setup(of: own, context)
    // Not the model itself: whoever lets go of it last waits for its step.
    let running = pool.loadedModels[own]?.engine.health.running
    return AskedModel(name: choice.name, setup: setup, running: running)
  }

  private func setup(of name: String, _ context: APIRequestContext) async throws -> ModelSetup {
    if let known = pool.knownSetup(of: name) { return known }
    do {
      return try await preparation.run(for: context.client) { [pool] _ in try pool.setup(of: name) }
    } catch let error as ApusError {
      throw noted(Refusal(loading: error), error, of: name, context.logger)
    }
  }

  /// What the machine costs, where that is known.
  func cost() -> InstanceCost? {
    configuration.instancePrice.map { InstanceCost(price: $0, uptime: ContinuousClock.now - start, registry.samples) }
  }

  /// The models that are loaded now.
  var loadedModels: [Model] { Array(pool.loadedModels.values) }
}

/// A model that is asked about, and not for an answer.
struct AskedModel: Sendable {
  /// The name that it is asked for by.
  let name: String
  let setup: ModelSetup
  /// Completions that are worked on; nil where it is not loaded now.
  let running: Int?
}
