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
    // Models are loaded later: a mistake is told before that takes its time.
    try ModelNames.check(pool, configuration)
  }

  /// Begins what needs no client's connection: batches, and invocations that are answered later.
  ///
  /// `run` does it once its models are loaded: what could not be answered before would have failed for good.
  package func beginOwnWork() async {
    guard service.batches != nil || service.later != nil else { return }
    let client = OwnClient(service: service, routes: Routes(service), book: RequestBook(service, accessLog))
    await service.later?.begin(client)
    await service.batches?.begin(RouteAnswerer(client: client))
  }

  /// The methods and paths that it answers to, as `POST /v1/completions`.
  package var routes: [String] { Routes(service).names }

  /// Serves until SIGTERM or SIGINT, then refuses new requests, lets running answers end, and returns.
  ///
  /// It listens first, and calls `load` when it listens everywhere: until that has returned its health says 503, and
  /// requests for models wait. What `load` throws ends the server and is thrown again.
  ///
  /// SIGHUP makes it read its certificate and its keys again. Answers that have not ended after `ServerTimeouts.drain` end
  /// there, and connections a moment later. `endNow` should end the program at once: a second signal calls it, and
  /// something that does not stop in spite of all. `onReady` is told every address with its real port when the server is
  /// ready.
  ///
  /// A program that handles signals itself says so, and ends the server by cancelling this.
  package func run(
    handlesSignals: Bool = true, loading load: @escaping @Sendable () async throws -> Void = {},
    onReady: @escaping @Sendable (ListenAddress) -> Void = { _ in }, endNow: @escaping @Sendable () -> Void
  ) async throws {
    service.readiness.begin(.loading)
    let (bound, listening) = AsyncStream.makeStream(of: ListenAddress.self)
    let listeners = Listeners(
      list: configuration.listen.map { ($0, application(listeningOn: $0) { listening.yield($0) }) })
    var settings = ServiceGroupConfiguration(
      services: [.init(service: listeners, successTerminationBehavior: .gracefullyShutdownGroup)], logger: quietLogger)
    settings.maximumGracefulShutdownDuration = configuration.timeouts.drain + .seconds(5)
    let group = ServiceGroup(configuration: settings)
    let shutdown = Shutdown(service: service, group: group, logger: logger, endNow: endNow)
    // Before anybody can know that it runs: a signal that came earlier would end the program, or be lost.
    let ends = await UnixSignalsSequence(trapping: handlesSignals ? [.sigterm, .sigint] : [])
    let hangups = await UnixSignalsSequence(trapping: handlesSignals ? [.sighup] : [])
    // A store that hangs does not keep the server from ending.
    let upkeep = Task { [service] in try await Upkeep(service).run() }
    defer { upkeep.cancel() }
    // Whether the server has ended with the task.
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        try await group.run()
        return true
      }
      tasks.addTask {
        await shutdown.wait(for: ends)
        return false
      }
      tasks.addTask {
        for await _ in hangups { readAgain() }
        return false
      }
      tasks.addTask {
        try await start(load, bound, onReady)
        return false
      }
      var failure: (any Error)?
      do {
        while try await tasks.next() == false {}
      } catch {
        failure = error
      }
      // Their clients have left long ago, and wait for them all the same, whatever has ended the server.
      await service.later?.close()
      tasks.cancelAll()
      if let failure { throw failure }
    }
    accessLog.summarize()
    await service.usageKeeper.finish(within: .seconds(3))
    logger.info("stopped")
  }

  /// Does once what is done from time to time while it runs: what is too old goes, and counts are kept.
  package func keepUp() async { await Upkeep(service).perform() }

  /// Loads what the server starts with, once it listens everywhere, and tells that it is ready.
  private func start(
    _ load: @Sendable () async throws -> Void, _ bound: AsyncStream<ListenAddress>,
    _ onReady: @Sendable (ListenAddress) -> Void
  ) async throws {
    var addresses: [ListenAddress] = []
    for await address in bound {
      addresses.append(address)
      if addresses.count == configuration.listen.count { break }
    }
    // Else the server ended before.
    guard addresses.count == configuration.listen.count else { return }
    do {
      try await load()
    } catch {
      // Nobody who waits for the model may hold up the end.
      service.pool.close()
      service.connections.end(waitingOnly: false)
      throw error
    }
    service.readiness.endLoading()
    for address in addresses {
      announce(address)
      onReady(address)
    }
    await beginOwnWork()
  }

  /// Reads the files of the certificate and of keys at once, whether they have changed or not.
  ///
  /// Files that are wrong change nothing; the log is told either way. No answer ends.
  package func readAgain() {
    certificate?.readAgain()
    service.keys.readAgain()
    service.accessKeys?.readAgain()
  }

  /// The part of the server that listens on one address; all of them share everything else.
  package func application(
    listeningOn address: ListenAddress, onListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }
  ) -> Application<RouterResponder<APIRequestContext>> {
    let (configuration, connections, certificate) = (configuration, service.connections, certificate)
    let routes = Routes(service)
    let book = RequestBook(service, accessLog)
    let own = ConnectionRefusals(routes: routes, book: book)
    return Application(
      router: routes.router(service, book),
      server: HTTPServerBuilder { responder in
        ConnectionChannel(
          configuration, connections, certificate, own: own, bodyLimit: { routes.bodyByteCount(of: $0) },
          responder: responder)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: "apus",
        backlog: Self.backlog,
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.maximumConnections + ServerConfiguration.closingConnections)),
      onServerRunning: { channel in
        try? await channel.eventLoop.submit {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(), position: .first)
        }.get()
        onListening(ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
      },
      logger: quietLogger)
  }

  /// Connections that the system keeps until they are accepted, as far as it allows that many: more come again later.
  private static let backlog = 4096

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
