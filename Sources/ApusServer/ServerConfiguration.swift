package import ApusStore
package import ApusWire
internal import Foundation
internal import NIOCore
package import Tracing

/// How a server listens, whom it answers, and what it bears.
package struct ServerConfiguration: Sendable {
  /// Where it listens; every address serves everything.
  package var listen = [ListenAddress(host: "127.0.0.1", port: 8080)]
  /// The certificate with which it speaks TLS on every address; nil for none.
  package var certificate: CertificateFiles?
  /// Keys of which a client must send one; without any, everyone is answered.
  package var apiKeys: [String] = []
  /// Keys with which AWS's clients sign their requests; without any, signatures are not looked at.
  package var accessKeys: [AccessKey] = []
  /// A file with more of these, in the form of `~/.aws/credentials`.
  package var accessKeyFile: (any ChangingFile)?
  /// What is made of signatures.
  package var signatureMode = SignatureMode.verify
  /// A file with more such keys, which say what their clients may do.
  package var keyFile: (any ChangingFile)?
  /// How much each address may ask for, with whatever keys.
  package var addressLimits = UsageLimits()
  /// Whether requests of all keys use what is kept of each other's prompts, and so can learn of them.
  package var sharesPrompts = false
  /// Whether it may listen beyond this machine without a key.
  package var allowsOpenAccess = false
  /// Whether a request for a model of another name is refused; with several models, it always is.
  package var hasStrictModels = false
  /// Names and patterns of names that mean models here; the first that fits counts.
  package var aliases: [ModelAlias] = []
  /// Models that share names: a request for one of these is answered by a model that is chosen by chance.
  package var variants: [ModelVariant] = []
  /// Folders from which clients may load models while the server runs; nil where they may load none.
  package var modelFolders: ModelFolders?
  /// Origins of web pages that may use the server beside those on this machine; `*` is all.
  package var allowedOrigins: [String] = []
  /// Names under which it may be asked beside those of this machine; `*` is any.
  ///
  /// Without any, a server that listens on this machine alone and has no key answers to this machine's names only, every
  /// other server to any name.
  package var allowedHosts: [String] = []
  /// Requests that may wait beside those that are worked on; `engineQueueLimit` is the engine's own limit.
  package var queueLimit = 16
  /// Connections that may be open at once, each of which takes a file descriptor.
  ///
  /// For one more, the one that has kept the server waiting longest gives way.
  package var maximumConnections = 960
  /// Connections that may come from one address; nil is three quarters of all.
  ///
  /// A reverse proxy has one address for all its clients.
  package var connectionsPerAddress: Int?
  /// Where conversations and answers are kept that clients come back to; nil keeps nothing.
  package var store: (any DocumentStore)?
  /// What keeps completions that need not be computed again; nil keeps none.
  package var cache: (any ResponseCache)?
  /// Where spans of requests go; nil records none.
  package var tracer: (any Tracer)?
  /// What an hour of the machine costs, in dollars; nil where nobody said.
  package var instancePrice: Double?
  /// Where files and batches are kept; without it there are none.
  package var files: FileFolder?
  /// What files and batches may be.
  package var batchLimits = BatchLimits()
  /// What a request may hold.
  package var limits = RequestLimits()
  /// How long things may take.
  package var timeouts = ServerTimeouts()
  /// The program's version, as `/version` tells it.
  package var version = "0"
  /// Seconds since 1970, as answers report them.
  package var unixTime: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }

  package init() {}

  /// This configuration, where a server can start with it.
  package func validated() throws(ServerError) -> ServerConfiguration {
    _ = try KeyStore.ring(apiKeys, keyFile)
    _ = try AccessKeyStore.keys(accessKeys, accessKeyFile)
    guard signatureMode != .require || verifiesSignatures else {
      throw .invalidSetting(name: "signatureMode", reason: "can be 'require' only with keys to sign with")
    }
    _ = try certificate?.context(offering: ConnectionChannel.protocols)
    guard !listen.isEmpty else { throw .invalidSetting(name: "listen", reason: "needs an address") }
    if !hasKeys, !allowsOpenAccess, let open = listen.first(where: { !$0.isLoopback }) {
      throw .keyNeeded(open)
    }
    guard queueLimit >= 0 else { throw .invalidSetting(name: "queueLimit", reason: "must not be negative") }
    guard (1...1_000_000).contains(maximumConnections) else {
      throw .invalidSetting(name: "maximumConnections", reason: "must be 1 to 1000000")
    }
    guard connectionsPerAddress ?? 1 > 0 else {
      throw .invalidSetting(name: "connectionsPerAddress", reason: "must be positive")
    }
    guard instancePrice.map({ $0.isFinite && $0 >= 0 }) ?? true else {
      throw .invalidSetting(name: "instancePrice", reason: "must be dollars for an hour, such as 0.17")
    }
    guard allowedHosts.allSatisfy({ $0 == "*" || AllowedHosts.host(of: $0) != nil }) else {
      throw .invalidSetting(name: "allowedHosts", reason: "needs a name or an address, such as chat.example")
    }
    guard allowedOrigins.allSatisfy({ $0 == "*" || CrossOrigin.isOrigin($0) }) else {
      throw .invalidSetting(
        name: "allowedOrigins",
        reason: "needs an origin without a path, such as https://chat.example or http://host:3000")
    }
    return self
  }

  /// Whether clients must send a key.
  var hasKeys: Bool { !apiKeys.isEmpty || keyFile != nil || verifiesSignatures }

  /// Whether it knows keys to sign with, and looks at signatures.
  var verifiesSignatures: Bool { signatureMode != .ignore && (!accessKeys.isEmpty || accessKeyFile != nil) }

  /// Completions that the engine lets wait: those of all requests that the server takes.
  ///
  /// Those of requests whose clients just left stand in its queue until the step has ended. Only where very many leave at
  /// once can they make the engine refuse one that was taken.
  package func engineQueueLimit(parallel: Int) -> Int { (queueLimit + parallel) * limits.totalChoices + 16 }

  /// Connections that one address may have.
  var effectiveConnectionsPerAddress: Int { connectionsPerAddress ?? (maximumConnections - maximumConnections / 4) }

  /// This configuration, with no more connections than a process has file descriptors for.
  ///
  /// - Parameters:
  ///   - descriptors: How many the process may have.
  ///   - used: How many it has before the server starts.
  /// - Returns: The same but for `maximumConnections`.
  /// - Throws: `ServerError.fewDescriptors` where there are not enough for a few connections.
  package func fitting(descriptors: Int, used: Int) throws(ServerError) -> ServerConfiguration {
    // Three for each event loop, one for each listener, some for signals and files, some that are just closing.
    let own = used + 3 * System.coreCount + listen.count + 8 + Self.closingConnections
    guard descriptors - own >= Self.fewestConnections else {
      throw .fewDescriptors(limit: descriptors, needed: own + Self.fewestConnections)
    }
    var fitting = self
    fitting.maximumConnections = min(maximumConnections, descriptors - own)
    return fitting
  }

  /// Connections beyond the limit that may be open until those that give way have closed.
  static let closingConnections = 8
  private static let fewestConnections = 8
}

/// What one request may hold; one more is refused with a status of 4xx.
package struct RequestLimits: Sendable {
  /// Bytes of the body.
  package var bodyByteCount = 8 << 20
  /// Bytes of all bodies that are held at once, beside the first 64 KiB of each.
  package var heldBodyByteCount = 160 << 20
  /// Bytes of the request's path and query.
  package var targetByteCount = 8 << 10
  /// Bytes of all header fields.
  package var headerByteCount = 32 << 10
  /// Header fields.
  package var headerCount = 100
  /// Refusals on one connection; it closes with the last.
  package var refusalsPerConnection = 64
  /// Brackets, separators, texts, numbers and words of the JSON body.
  package var jsonTokens = 1_000_000
  /// Choices per prompt.
  package var choices = 8
  /// Choices of all prompts together.
  package var totalChoices = 64
  /// Texts that end a completion, and the bytes of each.
  package var stops = 16
  package var stopByteCount = 256
  /// Bytes of a text that keeps prompts apart.
  package var cacheSaltByteCount = 256
  /// Entries of `logit_bias`.
  package var logitBiases = 1024
  /// The most likely tokens reported beside each chosen one.
  package var topLogProbabilities = 20
  /// Log probabilities of the echoed prompts of a request, all alternatives and choices counted.
  package var scores = 200_000
  /// Texts of which vectors or scores are wanted.
  package var inputs = 2048
  /// Values of all vectors of a reply.
  package var vectorValues = 4_000_000
  /// Tokens that a reply names by their ids alone.
  package var replyTokens = 1_000_000
  /// Tokens that a reply tells the texts of.
  package var replyTexts = 200_000
  /// Messages of a conversation.
  package var messages = 2048
  /// Tools of a request.
  package var tools = 128
  /// Bytes of the model's name.
  package var modelNameByteCount = 256

  package init() {}
}

/// How long the parts of a request may take.
package struct ServerTimeouts: Sendable {
  /// From a connection's start, or a later request's first byte, to the end of the request's header.
  package var header = Duration.seconds(10)
  /// From the end of the header to the end of the body, beside what the body's bytes earn.
  package var body = Duration.seconds(60)
  /// Bytes of a body for which it gets a second more.
  package var bodyBytesPerSecond = 16 << 10
  /// A connection without a request; longer than the 60 s after which load balancers reuse a connection.
  package var idle = Duration.seconds(75)
  /// A client that takes nothing of what is sent to it.
  package var writeStall = Duration.seconds(30)
  /// Between two signs of life in an answer that takes long.
  package var heartbeat = Duration.seconds(15)
  /// Turning a request into a prompt: reading its JSON, rendering and tokenizing.
  package var preparation = Duration.seconds(10)
  /// Waiting for other requests once the prompt is there.
  package var queue = Duration.seconds(600)
  /// Work on an answer that is sent as a whole, waiting left out; it ends there with what it has.
  package var wholeAnswer = Duration.seconds(600)
  /// An engine that works but shows no progress counts as stuck after this time.
  package var engineStall = Duration.seconds(60)
  /// An answer whose client has left and may try the same call again: it goes on for so long.
  package var retryGrace = Duration.seconds(5)
  /// Running answers after SIGTERM; then they end.
  package var drain = Duration.seconds(30)

  package init() {}
}
