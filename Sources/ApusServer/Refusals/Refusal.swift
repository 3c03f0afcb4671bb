internal import ApusText
internal import ApusWire
internal import HTTPTypes

/// Why a client gets no answer, or none to its end; every `Dialect` has words of its own for it.
///
/// Messages never hold a part of the request's values, and at most 512 bytes.
struct Refusal: Error, Sendable {
  let kind: Kind
  let message: String
  /// The field that is wrong, as the client named it.
  var field: String?
  /// Header fields that say more, such as when to try again; the same in all dialects.
  var headers = HTTPFields()
  /// Why a signature is not good, where that is the reason.
  var signature: SignatureRefusal.Kind?
  /// The tokens that do not fit, where that is the reason.
  var overflow: ContextOverflow?
  /// The id of the request, where one was read.
  var requestID: String?

  /// A prompt of so many tokens, and `requested` with its completion, where `limit` fit.
  struct ContextOverflow: Sendable {
    let limit: Int
    let requested: Int
    let prompt: Int
  }

  init(_ kind: Kind, _ message: String, field: String? = nil) {
    self.kind = kind
    self.message = message.shortened(toByteCount: 512)
    self.field = field?.shortened(toByteCount: 128)
  }

  /// What it is in HTTP, where a dialect has no other status for it.
  var status: HTTPResponse.Status { kind.status }

  /// The word for it, in the log and for programs.
  var word: String { kind.rawValue }

  /// The same, of the request with this id.
  func of(_ requestID: String) -> Refusal {
    var refusal = self
    refusal.requestID = requestID
    return refusal
  }

  /// The same, which may be over after so many seconds.
  func retry(after seconds: Int) -> Refusal {
    var refusal = self
    refusal.headers[.retryAfter] = "\(seconds)"
    return refusal
  }
}

extension Refusal {
  /// The reasons that programs tell apart.
  enum Kind: String, Sendable, CaseIterable {
    /// A field is missing or wrong.
    case invalid = "invalid_request_error"
    case invalidJSON = "invalid_json"
    case invalidHTTP = "invalid_http"
    case invalidHost = "invalid_host"
    /// A field whose function does not exist here.
    case unsupported = "unsupported_parameter"
    /// A message that is more than text.
    case unsupportedContent = "unsupported_content"
    case contextLength = "context_length_exceeded"
    case preparationTimeout = "preparation_timeout"
    case unauthorized = "invalid_api_key"
    /// The key is valid, and not enough.
    case adminNeeded = "admin_needed"
    case hostRefused = "host_refused"
    case originRefused = "origin_refused"
    case notFound = "not_found"
    case unknownModel = "model_not_found"
    /// An answer that a request wants to go on from.
    case unknownAnswer = "previous_response_not_found"
    case methodNotAllowed = "method_not_allowed"
    case requestTimeout = "request_timeout"
    case readerStalled = "reader_stalled"
    case tooLarge = "request_too_large"
    case targetTooLong = "uri_too_long"
    case headerTooLarge = "header_too_large"
    case unsupportedEncoding = "unsupported_encoding"
    case unsupportedTransfer = "unsupported_transfer_encoding"
    case queueFull = "rate_limit_exceeded"
    /// Nobody reads it; it stands in the log.
    case clientLeft = "client_left"
    /// Something failed that is no fault of the request.
    case failure = "server_error"
    case shuttingDown = "shutting_down"
    case modelChanged = "model_changed"
    case modelNotLoaded = "model_not_loaded"
    case modelsInUse = "models_in_use"
    /// A model that is to be loaded is there already.
    case modelLoaded = "model_already_loaded"
    /// A model that is to be loaded does not fit beside the others.
    case noRoom = "insufficient_storage"
    case queueTimeout = "queue_timeout"
    case engineStuck = "engine_stuck"
    case deadlineExceeded = "deadline_exceeded"
    /// What was to be kept, or was kept, cannot be.
    case storeUnavailable = "store_unavailable"
  }
}

extension Refusal.Kind {
  var status: HTTPResponse.Status {
    switch self {
    case .invalid, .invalidJSON, .invalidHTTP, .invalidHost, .unsupported, .unsupportedContent, .contextLength,
      .preparationTimeout, .unknownAnswer:
      .badRequest
    case .unauthorized: .unauthorized
    case .adminNeeded, .hostRefused, .originRefused: .forbidden
    case .notFound, .unknownModel: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .modelLoaded: .conflict
    case .noRoom: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    case .requestTimeout, .readerStalled: .requestTimeout
    case .tooLarge: .contentTooLarge
    case .targetTooLong: .uriTooLong
    case .unsupportedEncoding: .unsupportedMediaType
    case .queueFull: .tooManyRequests
    case .headerTooLarge: .requestHeaderFieldsTooLarge
    case .clientLeft: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
    case .failure: .internalServerError
    case .unsupportedTransfer: .notImplemented
    case .shuttingDown, .modelChanged, .modelNotLoaded, .modelsInUse, .queueTimeout, .engineStuck,
      .storeUnavailable:
      .serviceUnavailable
    case .deadlineExceeded: .gatewayTimeout
    }
  }
}
