internal import Apus
internal import ApusCPU
internal import ApusServer
private import ApusSystem
internal import ArgumentParser
internal import Logging

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// `apus serve`: answers over HTTP.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers over HTTP, as OpenAI's API does.",
    discussion: """
      Any client of OpenAI's API can use it:

        apus serve model.gguf
        curl http://127.0.0.1:8080/v1/chat/completions -d '{"messages":[{"role":"user","content":"Hello"}]}'

      Several models answer to their names; each is loaded when it is first asked for:

        apus serve small=smollm2.gguf large=qwen3.gguf --idle-unload 600

      Every option can be set in the environment, too (--queue-timeout is APUS_QUEUE_TIMEOUT), and in a YAML file \
      (queue-timeout: 30). The command line goes first, then the environment, then the file:

        apus serve --config serve.yaml --print-config

      It logs to standard error, a line of JSON for each request where that is no terminal. SIGTERM or Ctrl-C lets running answers end; a second one ends at once. SIGHUP makes it read its keys and its certificate again.
      """)

  @OptionGroup var models: ModelList

  @Option(
    help: ArgumentHelp(
      "A file of settings: YAML, with the names of these options. The environment variable APUS_CONFIG says the same.",
      valueName: "path"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?
  @Flag(help: "Show what is set and where, as YAML where it goes to a file or a program, and end.")
  var printConfig = false

  @Option(help: ArgumentHelp("Where to listen; may be repeated.", valueName: "host:port"))
  var listen = ServerConfiguration().listen.map(\.description)
  @OptionGroup var keys: KeyArguments
  @OptionGroup var certificate: CertificateArguments
  @Flag(help: "Listen beyond this machine without a key: everyone who can reach it may use it.")
  var insecure = false
  @Flag(help: "Refuse requests for a model of another name; with several models, they always are.")
  var strictModels = false
  @OptionGroup var names: NameArguments
  @Option(
    help: ArgumentHelp(
      """
      A LoRA adapter of the model (GGUF) and a name for it; may be repeated. A request chooses it by that name as its \
      model, or by its number from 0 on in lora: [{"id": 0, "scale": 1}].
      """,
      valueName: "name=path"))
  var lora: [NamedAdapter] = []
  @Option(
    help: ArgumentHelp("A web page's origin that may use the server, or *; may be repeated.", valueName: "origin"))
  var allowOrigin: [String] = []
  @Option(
    help: ArgumentHelp(
      "A name under which the server may be asked, beside this machine's; * is any. May be repeated.",
      valueName: "name"))
  var allowHost: [String] = []
  @Option(
    help: ArgumentHelp(
      """
      Completions of each model that are worked on together at most. (default: \(LoadOptions.defaultParallel))
      """,
      valueName: "n"))
  var parallel: Int?
  @Option(
    help: ArgumentHelp(
      """
      Memory for the keys and values of all of a model's completions, such as 2G; by default what the machine and its \
      control group leave, at most a whole context for each.
      """,
      valueName: "size"))
  var kvMemory: ByteCount?
  @Option(help: ArgumentHelp("Requests that may wait for each model; one more is refused with 429.", valueName: "n"))
  var queue = 16
  @Option(
    help: ArgumentHelp(
      "Connections that may be open at once; by default what memory and file descriptors are enough for.",
      valueName: "n"))
  var connections: Int?
  @Option(
    help: ArgumentHelp("Connections that one address may have; by default three quarters of all.", valueName: "n"))
  var connectionsPerAddress: Int?
  @Option(help: ArgumentHelp("How long a connection may stay without a request.", valueName: "seconds"))
  var idleTimeout = 75
  @Option(help: ArgumentHelp("How long a request may wait for others.", valueName: "seconds"))
  var queueTimeout = 600
  @Option(help: ArgumentHelp("How long an answer that is not streamed may be worked on.", valueName: "seconds"))
  var answerTimeout = 600
  @Option(
    help: ArgumentHelp(
      "How long an answer goes on when its client has left and may try again, as AWS's SDKs do.",
      valueName: "seconds"))
  var retryGrace = 5
  @Option(help: ArgumentHelp("How long running answers may take after SIGTERM.", valueName: "seconds"))
  var drainTimeout = Int(ServerTimeouts().drain.components.seconds)
  @Option(
    help: ArgumentHelp(
      """
      How long a server that ends still takes requests, while /health/ready says 503: for load balancers that are slow \
      to see it. A part of --drain-timeout.
      """,
      valueName: "seconds"))
  var drainNotice = 0

  @Option(
    name: .customLong("log-format"),
    help: ArgumentHelp("How the log is written; by default as text at a terminal, else as JSON.", valueName: "format"))
  var givenLogFormat: LogFormat?

  @OptionGroup var store: StoreArguments
  @OptionGroup var cache: CacheArguments

  @OptionGroup(title: "Files and batches") var fileArguments: FileArguments

  @OptionGroup var later: LaterArguments

  @OptionGroup(title: "Observation") var observation: ObservationArguments

  @OptionGroup(title: "Limits for each address") var address: AddressArguments

  @OptionGroup(title: "Limits for each request") var limits: LimitArguments

  @OptionGroup(title: "Loading options") var load: LoadArguments

  func validate() throws {
    guard (0...10_000).contains(queue) else { throw ValidationError("--queue must be 0 to 10000, not \(queue)") }
    if let parallel, !(1...256).contains(parallel) {
      throw ValidationError("--parallel must be 1 to 256, not \(parallel)")
    }
    let timeouts = [
      ("--idle-timeout", idleTimeout), ("--queue-timeout", queueTimeout), ("--answer-timeout", answerTimeout),
      ("--drain-timeout", drainTimeout),
    ]
    guard (0...600).contains(retryGrace) else {
      throw ValidationError("--retry-grace must be 0 to 600, not \(retryGrace)")
    }
    guard (0...3600).contains(drainNotice) else {
      throw ValidationError("--drain-notice must be 0 to 3600, not \(drainNotice)")
    }
    for (name, seconds) in timeouts {
      guard (1...86_400).contains(seconds) else { throw ValidationError("\(name) must be 1 to 86400, not \(seconds)") }
    }
  }

  func run() async throws {
    Signals.ignoreHangup()
    do {
      var configuration = try serverConfiguration().validated().fitting(
        descriptors: Descriptors.raiseLimit(), used: Descriptors.used,
        memory: connections == nil ? Machine.current().freeByteCount : nil)
      let options = loadOptions(configuration)
      let sources = try models.sources(options, adapters: lora.map(\.adapter))
      configuration.modelFolders = try models.folders(options)
      let log = try logWriter()
      defer { log.finish() }
      let logger = Logger(label: "apus") { label in
        LineLogHandler(label: label, format: logFormat, now: { Date().ISO8601Format() }) { log.write($0) }
      }
      for warning in keys.warnings + [certificate.warning].compactMap(\.self) { logger.warning("\(warning)") }
      if configuration.isOpenToAll {
        logger.warning("no keys: everyone who can reach this server may use it")
      }
      configuration.store = try store.open(isOpen: configuration.allowsOpenAccess, logger)
      configuration.cache = try await cache.open(isOpen: configuration.allowsOpenAccess, logger)
      configuration.files = try fileArguments.open()
      configuration.laterInvocations = try later.invocations()
      configuration.version = Program.version
      let traces = try observation.openTraces(for: &configuration, logger)
      defer { traces?.finish() }
      if configuration.maximumConnections < connections ?? ServerConfiguration.fewestByMemory {
        let limit = Logger.MetadataValue.stringConvertible(configuration.maximumConnections)
        logger.warning("fewer connections: the limit on file descriptors is low", metadata: ["connections": limit])
      }
      let pool = ModelPool(
        sources, memory: models.memory?.value, idleTime: models.idleUnload.map { .seconds($0) }
      ) { logger.note($0) }
      try await Server(pool, configuration: configuration, logger: logger).run(
        loading: { try await loadFirst(sources, pool, logger) },
        endNow: {
          traces?.finish()
          log.finish()
          _exit(1)
        })
    } catch let error as ServerError {
      throw Failure(error.onCommandLine, code: error.isUsage ? Failure.usage : 1)
    }
  }

  /// Loads the default model where there is one, without which nothing starts; and the others as far as memory allows, if that was asked for.
  private func loadFirst(_ sources: [ModelPool.Source], _ pool: ModelPool, _ logger: Logger) async throws {
    guard let first = sources.first else { return }
    // Held until all are loaded, so that none goes for another.
    var leases = [try await pool.model(first.name)]
    for source in sources.dropFirst() where models.preload {
      do throws(ApusError) {
        leases.append(try await pool.model(source.name))
      } catch {
        logger.warning("a model was not loaded at start", metadata: ["model": "\(source.name)", "error": "\(error)"])
      }
    }
  }

  private func loadOptions(_ configuration: ServerConfiguration) -> LoadOptions {
    var options = load.options
    options.parallel = parallel
    options.kvMemory = kvMemory?.value
    options.queueLimit = configuration.engineQueueLimit(parallel: parallel ?? LoadOptions.defaultParallel)
    // Beside what the connection holds: a client that does not read is to be seen soon.
    options.unreadByteLimit = 8 << 10
    options.readerStall = configuration.timeouts.writeStall
    return options
  }

  private func serverConfiguration() throws -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.listen = []
    for address in listen { configuration.listen.append(try ListenAddress(address)) }
    configuration.apiKeys = keys.apiKey
    configuration.keyFile = keys.file
    configuration.accessKeyFile = keys.accessKeyFile
    configuration.signatureMode = try keys.mode()
    configuration.sharesPrompts = keys.sharePrompts
    configuration.certificate = try certificate.files()
    configuration.addressLimits = address.limits
    try limits.apply(to: &configuration)
    observation.apply(to: &configuration)
    configuration.allowsOpenAccess = insecure
    configuration.hasStrictModels = strictModels
    (configuration.aliases, configuration.variants) = (names.alias, names.variant)
    configuration.allowedOrigins = allowOrigin
    configuration.allowedHosts = allowHost
    configuration.queueLimit = queue
    if let connections { configuration.maximumConnections = connections }
    configuration.connectionsPerAddress = connectionsPerAddress
    configuration.documentLifetimes = store.lifetimes
    configuration.batchLimits = fileArguments.limits
    configuration.timeouts.idle = .seconds(idleTimeout)
    configuration.timeouts.queue = .seconds(queueTimeout)
    configuration.timeouts.wholeAnswer = .seconds(answerTimeout)
    configuration.timeouts.retryGrace = .seconds(retryGrace)
    configuration.timeouts.drain = .seconds(drainTimeout)
    configuration.timeouts.drainNotice = .seconds(drainNotice)
    return configuration
  }

  private var logFormat: LogFormat { givenLogFormat ?? (Terminal.isError ? .text : .json) }

  private func logWriter() throws(Failure) -> LogWriter {
    let writer = LogWriter(descriptor: STDERR_FILENO) { count in
      logFormat.line(
        .warning, "log lines were dropped, as nobody read them in time", label: "apus",
        time: Date().ISO8601Format(), metadata: ["count": .stringConvertible(count)])
    }
    guard let writer else { throw Failure("the system gives no thread for the log: raise its limit on threads") }
    return writer
  }
}

extension ServerError {
  /// Whether the command line asked for something impossible.
  fileprivate var isUsage: Bool {
    if case .cannotListen = self { false } else { true }
  }
}
