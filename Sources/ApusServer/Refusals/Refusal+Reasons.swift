internal import ApusWire
internal import HTTPTypes

/// The refusals that stand in more than one place.
extension Refusal {
  /// A field that is missing or wrong.
  static func invalid(_ field: String?, _ message: String, kind: Kind = .invalid) -> Refusal {
    Refusal(kind, message, field: field)
  }

  /// A field whose function does not exist here yet.
  static func unsupported(_ field: String, _ what: String) -> Refusal {
    Refusal(.unsupported, "\(what) is not supported by this server yet", field: field)
  }

  static let tooLarge = Refusal(.tooLarge, "the request body is too large")

  static let unauthorized: Refusal = {
    var refusal = Refusal(.unauthorized, "a valid API key is needed: send it as 'Authorization: Bearer KEY'")
    refusal.headers[.wwwAuthenticate] = "Bearer"
    return refusal
  }()

  static let expiredKey: Refusal = {
    var refusal = Refusal(.unauthorized, "the API key has expired: ask the server's operator for a new one")
    refusal.headers = unauthorized.headers
    return refusal
  }()

  /// A request that only operators may send.
  static let adminNeeded = Refusal(
    .adminNeeded, "this needs an admin key; a server without keys answers it to programs on its own machine only")

  /// A request whose signature is not good.
  static func signature(_ reason: SignatureRefusal) -> Refusal {
    var refusal = Refusal(.unauthorized, reason.message)
    refusal.signature = reason.kind
    return refusal
  }

  static let notFound = Refusal(.notFound, "no such path: see /v1/models, /v1/completions, /v1/chat/completions")

  /// A method that the path does not have.
  static func methodNotAllowed(allowed: String) -> Refusal {
    var refusal = Refusal(.methodNotAllowed, "this path answers only to \(allowed)")
    refusal.headers[.allow] = allowed
    return refusal
  }

  /// A coding or character set of the body that the server does not read, or of its transfer.
  static func unsupportedEncoding(
    _ header: String, _ value: String, _ advice: String, kind: Kind = .unsupportedEncoding
  ) -> Refusal {
    let name = String(decoding: value.utf8.prefix(40).filter { (0x21...0x7E).contains($0) }, as: UTF8.self)
    return Refusal(kind, "\(header) '\(name)' is not supported: \(advice)")
  }

  /// Turning a request into a prompt took so long.
  static func preparationTimeout(_ limit: Duration) -> Refusal {
    Refusal(
      .preparationTimeout,
      "turning the request into a prompt took longer than \(limit.components.seconds) s: shorten it")
  }

  /// No place for one more; one may be free after so many seconds.
  static func queueFull(retryAfter seconds: Int = 2) -> Refusal {
    Refusal(.queueFull, "too many requests are waiting already: try again later").retry(after: seconds)
  }

  /// The client has had as much as it may; it may have more after so many seconds.
  static func excess(_ excess: UsageRefusal, retryAfter seconds: Int) -> Refusal {
    let client =
      switch excess.client {
      case .key: "this key"
      case .address: "this address"
      }
    let limit =
      switch excess.excess {
      case .requests: "has sent as many requests as it may in a minute"
      case .tokens: "has used as many tokens as it may in a minute"
      case .concurrent: "has as many requests at the same time as it may"
      }
    return Refusal(.queueFull, "\(client) \(limit): try again in \(seconds) s").retry(after: seconds)
  }

  static let queueTimeout = Refusal(.queueTimeout, "the request waited too long for others: try again later")
    .retry(after: 10)

  static let deadlineExceeded = Refusal(
    .deadlineExceeded,
    "the answer was worked on for as long as one that is sent as a whole may take: ask for fewer tokens, or stream it")

  static let shuttingDown = Refusal(.shuttingDown, "the server is shutting down: try another one").retry(after: 5)

  static let clientLeft = Refusal(.clientLeft, "the client left before the answer")

  static let readerStalled = Refusal(.readerStalled, "the answer was not read for too long, and ended")

  static let requestTimeout = Refusal(.requestTimeout, "the request took too long to arrive")

  /// In OpenAI's words, without the id.
  static let unknownPreviousResponse = Refusal(
    .unknownAnswer, "Previous response not found: it was not stored, was deleted, or belongs to another key.",
    field: "previous_response_id")

  static let unknownResponse = Refusal(
    .notFound, "Response not found: it was not stored, was deleted, or belongs to another key.")

  static let nothingKept = Refusal(
    .storeUnavailable, "this server keeps nothing: it was started without a store")

  /// What is wrong stands in the log.
  static let storeFailed = Refusal(
    .storeUnavailable, "the server's store does not work at the moment: nothing was kept, and nothing can be looked up")

  static let failure = Refusal(.failure, "something went wrong in the server")
}

/// Refusals for the sake of a model.
extension Refusal {
  /// None of the models has the name; `known` are those that are told.
  static func unknownModel(known: [String]) -> Refusal {
    let list = known.isEmpty ? "" : ": it has " + known.joined(separator: ", ")
    return Refusal(.unknownModel, "this server has no such model (see /v1/models)" + list, field: "model")
  }

  static let modelChanged = Refusal(
    .modelChanged, "the model's file was changed while the server ran: it answers again once it was started again")

  /// What is wrong with the file, or how much memory is missing, is the operator's to know: it stands in the log.
  static let modelNotLoaded = Refusal(
    .modelNotLoaded, "the model could not be loaded: the server's log says why; ask for another one", field: "model")

  /// The model would fit into memory if others were not in use.
  static let modelsInUse = Refusal(
    .modelsInUse, "other models are in use and leave no memory for this one: try again later, or ask for another one",
    field: "model"
  ).retry(after: 10)

  /// A model is to be loaded under a name that one has.
  static let modelLoaded = Refusal(.modelLoaded, "a model of this name is loaded already", field: "model_name")

  /// A model is to be loaded for which there is no room.
  static func noRoom(_ reason: String) -> Refusal { Refusal(.noRoom, reason, field: "model_name") }

  /// Models and their names are the same for all clients: who changes them needs to be trusted, where clients have keys.
  static let changeNeedsAdmin = Refusal(.adminNeeded, "models and their names are changed with an admin key only")
}
