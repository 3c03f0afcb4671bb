internal import ApusJSON
internal import ApusWire
internal import HTTPTypes

/// How SageMaker's runtime says what went wrong: an error of the model's container comes in one of its own.
struct SageMakerDialect: Dialect {
  /// What the container behind the endpoint would say.
  private let container = OpenAIDialect()
  var framing = Framing.events

  var requestIDField: HTTPField.Name? { HTTPField.Name("x-amzn-RequestId") }

  var signingService: String? { "sagemaker" }

  func error(_ refusal: Refusal) -> ErrorReply {
    let error = SageMakerError(refusal.kind)
    let headers = HTTPFields.awsError(refusal.signature?.rawValue ?? error.rawValue)
    let message = refusal.message
    guard error == .model else {
      return ErrorReply(status: error.status, headers: headers, body: ["Message": .string(message)])
    }
    let inner = container.error(refusal)
    let side = inner.status.kind == .serverError ? "server" : "client"
    let original = String(decoding: inner.body.serialized(.compact), as: UTF8.self)
    return ErrorReply(
      status: error.status, headers: headers,
      body: [
        "Message": .string("Received \(side) error (\(inner.status.code)) from primary: \(message)"),
        "OriginalStatusCode": .int(inner.status.code), "OriginalMessage": .string(original), "LogStreamArn": "",
      ])
  }

  func ending(with refusal: Refusal) -> [UInt8] {
    switch framing {
    case .events, .lines: container.ending(with: refusal)
    case .eventStream:
      EventStream.exception(
        "ModelStreamError",
        [
          "Message": .string(refusal.message),
          "ErrorCode": .string(refusal.kind == .deadlineExceeded ? "ModelInvocationTimeExceeded" : "StreamBroken"),
        ]
      ).bytes
    }
  }
}

/// The errors of SageMaker's runtime, by their names in its service model.
private enum SageMakerError: String {
  case validation = "ValidationError"
  case accessDenied = "AccessDeniedException"
  case model = "ModelError"
  case modelNotReady = "ModelNotReadyException"
  case unavailable = "ServiceUnavailable"
  case failure = "InternalFailure"

  init(_ kind: Refusal.Kind) {
    self =
      switch kind {
      // What the platform says before it asks a container.
      case .unknownModel, .notFound, .methodNotAllowed, .tooLarge, .targetTooLong, .headerTooLarge, .invalidHTTP,
        .invalidHost, .unsupportedTransfer, .modelLoaded:
        .validation
      case .unauthorized, .adminNeeded, .hostRefused, .originRefused: .accessDenied
      case .invalid, .invalidJSON, .unsupported, .unsupportedContent, .contextLength, .preparationTimeout,
        .unknownAnswer,
        .unsupportedEncoding, .requestTimeout, .readerStalled, .deadlineExceeded, .clientLeft:
        .model
      case .modelsInUse, .noRoom: .modelNotReady
      case .queueFull, .shuttingDown, .modelChanged, .modelNotLoaded, .queueTimeout, .engineStuck, .storeUnavailable:
        .unavailable
      case .failure: .failure
      }
  }

  var status: HTTPResponse.Status {
    switch self {
    case .validation: .badRequest
    case .accessDenied: .forbidden
    case .model: HTTPResponse.Status(code: 424, reasonPhrase: "Failed Dependency")
    case .modelNotReady: .tooManyRequests
    case .unavailable: .serviceUnavailable
    case .failure: .internalServerError
    }
  }
}
