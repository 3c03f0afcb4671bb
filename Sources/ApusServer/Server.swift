package import Apus
internal import Foundation
package import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import UnixSignals

/// An HTTP server for models, of which the first is the default.
package struct Server: Sendable {
  private let service: ModelService
  private let logger: Logger
  private let configuration: ServerConfiguration
  private let accessLog: AccessLog
  private let certificate: Certificate?

  /// A server that has not started yet; throws where the configuration makes no sense or is not safe.
  ///
  /// Its models answer under their names in `pool`.
  package init(_ pool: ModelPool, configuration: ServerConfiguration, logger: Logger) throws(ServerError) {
    self.configuration = try configuration.validated()
    self.logger = logger
    accessLog = AccessLog(logger)
    if let files = configuration.certificate {
      certificate = try Certificate(files, offering: ConnectionChannel.protocols, logger)
    } else {
      certificate = nil
    }
    let keys = try KeyStore(configuration.apiKeys, configuration.keyFile) { logger.note($0) }
    let accessKeys = try AccessKeyStore(configuration) { logger.note($0) }
    service = ModelService(pool, configuration, keys: keys, accessKeys: accessKeys, log: accessLog, logger)
    try Self.checkNames(of: pool, configuration)
    if let batches = service.batches {
      Task { [service] in await batches.begin(RouteAnswerer(service: service, routes: Routes(service))) }
    }
  }

  /// Throws where a name of the configuration means two things, or an alias or a variant no model of `pool`.
  ///
  /// No model is loaded for it, so a mistake is told before that takes its time.
  package static func checkNames(of pool: ModelPool, _ configuration: ServerConfiguration) throws(ServerError) {
    try ModelNames.check(pool, configuration)
  }

  /// The methods and paths that it answers to, as `POST /v1/completions`.
  package var routes: [String] { Routes(service).names }

  /// Serves until SIGTERM or SIGINT, then refuses new requests, lets running answers end, and returns.
  ///
  /// SIGHUP makes it read its certificate again. Answers that have not ended after `ServerTimeouts.drain` end there, and
  /// connections a moment later. `endNow` should end the program at once: a second signal calls it, and something that does
  /// not stop in spite of all. `onReady` is told every address with its real port once it is listened on.
  package func run(
    onReady: @escaping @Sendable (ListenAddress) -> Void = { _ in }, endNow: @escaping @Sendable () -> Void
  ) async throws {
    let listeners = Listeners(list: configuration.listen.map { ($0, application(listeningOn: $0, onReady: onReady)) })
    var settings = ServiceGroupConfiguration(
      services: [.init(service: listeners, successTerminationBehavior: .gracefullyShutdownGroup)], logger: quietLogger)
    settings.maximumGracefulShutdownDuration = configuration.timeouts.drain + .seconds(5)
    let group = ServiceGroup(configuration: settings)
    let shutdown = Shutdown(service: service, group: group, logger: logger, endNow: endNow)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      tasks.addTask { await shutdown.waitForSignals() }
      if let certificate {
        tasks.addTask { for await _ in await UnixSignalsSequence(trapping: .sighup) { certificate.readAgain() } }
      }
      try await tasks.next()
      tasks.cancelAll()
    }
    accessLog.summarize()
    logger.info("stopped")
  }

  /// The part of the server that listens on one address; all of them share everything else.
  package func application(
    listeningOn address: ListenAddress, onReady: @escaping @Sendable (ListenAddress) -> Void = { _ in }
  ) -> Application<RouterResponder<APIRequestContext>> {
    let (configuration, connections, certificate) = (configuration, service.connections, certificate)
    let routes = Routes(service)
    return Application(
      router: routes.router(service, log: accessLog),
      server: HTTPServerBuilder { responder in
        ConnectionChannel(
          configuration, connections, certificate, bodyLimit: { routes.bodyByteCount(of: $0) }, responder: responder)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: "apus",
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.maximumConnections + ServerConfiguration.closingConnections)),
      onServerRunning: { channel in
        try? await channel.eventLoop.submit {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(), position: .first)
        }.get()
        let bound = ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port)
        announce(bound)
        onReady(bound)
      },
      logger: quietLogger)
  }

  private func announce(_ address: ListenAddress) {
    var metadata: Logger.Metadata = ["model": "\(service.names.list.joined(separator: ", "))"]
    if let information = service.loadedModels.first?.information {
      metadata["context"] = .stringConvertible(information.contextLength)
      metadata["threads"] = .stringConvertible(information.threads)
      metadata["kernels"] = "\(information.kernels)"
    }
    logger.info("listening on \(certificate == nil ? "http" : "https")://\(address)", metadata: metadata)
  }

  /// For the libraries below, whose news are not ours.
  private var quietLogger: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
  }
}

/// All listening applications as one service: they start, drain and stop together, also where one cannot start.
private struct Listeners: Service {
  let list: [(ListenAddress, Application<RouterResponder<APIRequestContext>>)]

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for (address, application) in list { tasks.addTask { try await Self.run(application, on: address) } }
      // The first failure ends the loop, and with it the others.
      while try await tasks.next() != nil {}
    }
  }

  private static func run(
    _ application: Application<RouterResponder<APIRequestContext>>, on address: ListenAddress
  ) async throws {
    do {
      try await application.run()
    } catch let error as IOError {
      let reason =
        switch error.errnoCode {
        case EADDRINUSE: "another program listens there already; choose another port"
        case EACCES: "this port needs more rights; choose one above 1023"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: error.description
        }
      throw ServerError.cannotListen(address, reason: reason)
    }
  }
}
