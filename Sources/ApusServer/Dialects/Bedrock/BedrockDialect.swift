internal import ApusJSON
internal import ApusWire
internal import HTTPTypes

/// How Amazon Bedrock says what went wrong, and how it streams.
struct BedrockDialect: Dialect {
  var framing: Framing { .eventStream }

  var requestIDField: HTTPField.Name? { HTTPField.Name("x-amzn-RequestId") }

  var signingService: String? { "bedrock" }

  var streamHeaders: HTTPFields {
    var headers = framing.headers
    if let name = HTTPField.Name("X-Amzn-Bedrock-Content-Type") { headers[name] = "application/json" }
    return headers
  }

  func error(_ refusal: Refusal) -> ErrorReply {
    let error = BedrockError(refusal.kind)
    // All refusals of signatures have the status of those of keys.
    let name = refusal.signature?.rawValue ?? error.rawValue
    return ErrorReply(
      status: error.status, headers: .awsError(name), body: ["message": .string(message(refusal))])
  }

  /// Clients know by these words, which Bedrock's own begin with, that the conversation must become shorter.
  private func message(_ refusal: Refusal) -> String {
    (refusal.kind == .contextLength ? "Input is too long for requested model. " : "") + refusal.message
  }

  /// Only some errors have a place in a stream; the others are failures of it.
  func ending(with refusal: Refusal) -> [UInt8] {
    let error = BedrockError(refusal.kind)
    let message = JSONValue.string(message(refusal))
    guard error.standsInStreams else {
      return EventStream.exception(
        "modelStreamErrorException",
        ["message": message, "originalStatusCode": .int(error.status.code), "originalMessage": message]
      ).bytes
    }
    return EventStream.exception(error.memberName, ["message": message]).bytes
  }
}

/// The errors of Bedrock's service model, by their names there.
enum BedrockError: String, CaseIterable {
  case validation = "ValidationException"
  case accessDenied = "AccessDeniedException"
  case resourceNotFound = "ResourceNotFoundException"
  case unknownOperation = "UnknownOperationException"
  case modelTimeout = "ModelTimeoutException"
  case throttling = "ThrottlingException"
  case modelNotReady = "ModelNotReadyException"
  case internalServer = "InternalServerException"
  case serviceUnavailable = "ServiceUnavailableException"

  init(_ kind: Refusal.Kind) {
    self =
      switch kind {
      case .invalid, .invalidJSON, .invalidHTTP, .invalidHost, .unsupported, .unsupportedContent, .contextLength,
        .preparationTimeout, .unknownAnswer, .tooLarge, .targetTooLong, .headerTooLarge, .unsupportedEncoding,
        .unsupportedTransfer, .modelLoaded:
        .validation
      case .unauthorized, .adminNeeded, .hostRefused, .originRefused: .accessDenied
      case .unknownModel: .resourceNotFound
      case .notFound, .methodNotAllowed: .unknownOperation
      // Clients do not send these again by themselves, which would only take as long once more.
      case .requestTimeout, .readerStalled, .deadlineExceeded, .clientLeft: .modelTimeout
      case .queueFull: .throttling
      case .modelsInUse, .noRoom: .modelNotReady
      case .failure: .internalServer
      case .shuttingDown, .modelChanged, .modelNotLoaded, .queueTimeout, .engineStuck, .storeUnavailable:
        .serviceUnavailable
      }
  }

  var status: HTTPResponse.Status {
    switch self {
    case .validation: .badRequest
    case .accessDenied: .forbidden
    case .resourceNotFound, .unknownOperation: .notFound
    case .modelTimeout: .requestTimeout
    case .throttling, .modelNotReady: .tooManyRequests
    case .internalServer: .internalServerError
    case .serviceUnavailable: .serviceUnavailable
    }
  }

  /// Whether the streams of all operations may end with it.
  var standsInStreams: Bool {
    switch self {
    case .validation, .throttling, .internalServer, .serviceUnavailable: true
    case .accessDenied, .resourceNotFound, .unknownOperation, .modelTimeout, .modelNotReady: false
    }
  }

  /// Its name as an event: with a small letter at the beginning.
  var memberName: String { rawValue.prefix(1).lowercased() + rawValue.dropFirst() }
}

extension HTTPFields {
  /// The field in which AWS's clients find the name of an error.
  static func awsError(_ error: String) -> HTTPFields {
    var fields = HTTPFields()
    if let name = HTTPField.Name("x-amzn-ErrorType") { fields[name] = error }
    return fields
  }
}
