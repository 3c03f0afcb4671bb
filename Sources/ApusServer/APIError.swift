internal import Apus
internal import ApusJSON
internal import ApusText
internal import HTTPTypes
internal import Hummingbird

/// What a client gets in place of an answer, in the shape of OpenAI's API.
///
/// Messages never hold a part of the request's values, and at most 512 bytes.
struct APIError: Error, Sendable {
  let status: HTTPResponse.Status
  /// The class of the error, as OpenAI names them.
  let type: String
  let message: String
  /// The field that is wrong.
  var parameter: String?
  /// The error as programs tell them apart.
  var code: String?
  var headers = HTTPFields()

  init(
    _ status: HTTPResponse.Status, type: String, _ message: String, parameter: String? = nil, code: String? = nil
  ) {
    self.status = status
    self.type = type
    self.message = message.shortened(toByteCount: 512)
    self.parameter = parameter?.shortened(toByteCount: 128)
    self.code = code
  }

  /// The error object, as it stands in a body or in a stream.
  var json: JSONValue {
    let members: [(String, JSONValue)] = [
      ("message", .string(message)), ("type", .string(type)), ("param", parameter.map(JSONValue.string) ?? .null),
      ("code", code.map(JSONValue.string) ?? .null),
    ]
    return ["error": .object(JSONObject(members))]
  }
}

extension APIError {
  /// The whole response.
  var response: Response {
    var headers = headers
    headers[.contentType] = "application/json"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(json: json)))
  }
}

extension APIError {
  /// A field that is missing or wrong.
  static func invalid(_ parameter: String?, _ message: String, code: String? = nil) -> APIError {
    APIError(.badRequest, type: "invalid_request_error", message, parameter: parameter, code: code)
  }

  /// A field whose function does not exist here yet.
  static func unsupported(_ parameter: String, _ what: String) -> APIError {
    invalid(parameter, "\(what) is not supported by this server yet", code: "unsupported_parameter")
  }

  static let tooLarge = APIError(
    .contentTooLarge, type: "invalid_request_error", "the request body is too large", code: "request_too_large")

  static let notFound = APIError(
    .notFound, type: "invalid_request_error", "no such path: see /v1/models, /v1/completions, /v1/chat/completions",
    code: "not_found")

  static let unauthorized: APIError = {
    var error = APIError(
      .unauthorized, type: "authentication_error", "a valid API key is needed: send it as 'Authorization: Bearer KEY'",
      code: "invalid_api_key")
    error.headers[.wwwAuthenticate] = "Bearer"
    return error
  }()

  /// No place for one more; one may be free after so many seconds.
  static func queueFull(retryAfter seconds: Int = 2) -> APIError {
    var error = APIError(
      .tooManyRequests, type: "rate_limit_error", "too many requests are waiting already: try again later",
      code: "rate_limit_exceeded")
    error.headers[.retryAfter] = "\(seconds)"
    return error
  }

  static let shuttingDown: APIError = {
    var error = APIError(
      .serviceUnavailable, type: "server_error", "the server is shutting down: try another one", code: "shutting_down")
    error.headers[.retryAfter] = "5"
    return error
  }()

  static let modelChanged = APIError(
    .serviceUnavailable, type: "server_error",
    "the model's file was changed while the server ran: it answers again once it was started again",
    code: "model_changed")

  /// None of the models has the name; `known` are those that are told.
  static func modelNotFound(known: [String]) -> APIError {
    let list = known.isEmpty ? "" : ": it has " + known.joined(separator: ", ")
    return APIError(
      .notFound, type: "invalid_request_error", "this server has no such model (see /v1/models)" + list,
      parameter: "model", code: "model_not_found")
  }

  /// What is wrong with the file, or how much memory is missing, is the operator's to know: it stands in the log.
  static let modelNotLoaded = APIError(
    .serviceUnavailable, type: "server_error",
    "the model could not be loaded: the server's log says why; ask for another one", parameter: "model",
    code: "model_not_loaded")

  /// The model would fit into memory if others were not in use.
  static let modelsInUse: APIError = {
    var error = APIError(
      .serviceUnavailable, type: "server_error",
      "other models are in use and leave no memory for this one: try again later, or ask for another one",
      parameter: "model", code: "models_in_use")
    error.headers[.retryAfter] = "10"
    return error
  }()

  static let deadlineExceeded = APIError(
    .gatewayTimeout, type: "server_error",
    "the answer was worked on for as long as one that is sent as a whole may take: ask for fewer tokens, or stream it",
    code: "deadline_exceeded")

  static let queueTimeout: APIError = {
    var error = APIError(
      .serviceUnavailable, type: "server_error", "the request waited too long for others: try again later",
      code: "queue_timeout")
    error.headers[.retryAfter] = "10"
    return error
  }()

  /// Nobody reads it; it stands in the log.
  static let clientLeft = APIError(
    HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"), type: "invalid_request_error",
    "the client left before the answer", code: "client_left")

  /// Turning a request into a prompt took so long.
  static func preparationTimeout(_ limit: Duration) -> APIError {
    invalid(
      nil, "turning the request into a prompt took longer than \(limit.components.seconds) s: shorten it",
      code: "preparation_timeout")
  }

  /// A coding or character set of the body, or of its transfer, that the server does not read.
  static func unsupportedEncoding(
    _ header: String, _ value: String, _ advice: String, status: HTTPResponse.Status = .unsupportedMediaType
  ) -> APIError {
    let name = String(decoding: value.utf8.prefix(40).filter { (0x21...0x7E).contains($0) }, as: UTF8.self)
    return APIError(
      status, type: "invalid_request_error", "\(header) '\(name)' is not supported: \(advice)",
      code: "unsupported_encoding")
  }

  static let readerStalled = APIError(
    .requestTimeout, type: "invalid_request_error", "the answer was not read for too long, and ended",
    code: "reader_stalled")

  static let timeout = APIError(
    .requestTimeout, type: "invalid_request_error", "the request took too long to arrive", code: "request_timeout")

  static let `internal` = APIError(.internalServerError, type: "server_error", "something went wrong in the server")

  /// A method that the path does not have.
  static func methodNotAllowed(allowed: String) -> APIError {
    var error = APIError(
      .methodNotAllowed, type: "invalid_request_error", "this path answers only to \(allowed)",
      code: "method_not_allowed")
    error.headers[.allow] = allowed
    return error
  }
}

extension APIError {
  /// The error that an error of the engine is to a client whose request has its prompt in the field `prompt`.
  init(_ error: ApusError, prompt: String = "prompt") {
    switch error {
    case .invalidRequest(let field, _):
      self = .invalid(field == "prompt" ? prompt : field, error.description)
    case .invalidText:
      self = .invalid("input", error.description)
    case .contextLengthExceeded(let limit, let requested, let count):
      // The words by which clients know that they must shorten their history, and from which they read the numbers.
      self = .invalid(
        prompt,
        "This model's maximum context length is \(limit) tokens. However, you requested \(requested) tokens "
          + "(\(count) in the \(prompt), \(requested - count) in the completion). "
          + "Please reduce the length of the \(prompt) or completion.",
        code: "context_length_exceeded")
    case .noChatTemplate, .chatTemplate:
      self = .invalid("messages", error.description)
    case .unsuitableModel:
      self = .invalid("model", error.description)
    case .queueFull:
      self = .queueFull()
    case .shuttingDown:
      self = .shuttingDown
    case .modelChanged:
      self = .modelChanged
    case .stopped:
      self = .clientLeft
    case .modelDamaged(_, let reason):
      self = APIError(.internalServerError, type: "server_error", reason)
    case .modelsInUse:
      self = .modelsInUse
    case .unknownModel(_, let known):
      self = .modelNotFound(known: known)
    case .cannotLoad, .invalidOption, .notEnoughMemory, .alreadyResponding, .outputCut, .engineFailed, .cannotSave,
      .cannotRestore:
      self = APIError(.internalServerError, type: "server_error", error.description)
    }
  }

  /// The error that a model which cannot be loaded is to a client.
  init(loading error: ApusError) {
    switch error {
    case .cannotLoad, .invalidOption, .notEnoughMemory: self = .modelNotLoaded
    default: self = APIError(error)
    }
  }

  /// The error that any other is to a client; nil for those that it must not see.
  init?(known error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as ApusError: self = APIError(error)
    case is CancellationError: self = .shuttingDown
    default: return nil
    }
  }
}
