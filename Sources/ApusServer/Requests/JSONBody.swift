internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// Reads the JSON object that a request carries, whatever its content type says.
struct JSONBody: Sendable {
  let limits: RequestLimits
  private let memory: BodyMemory

  init(limits: RequestLimits) {
    self.limits = limits
    memory = BodyMemory(byteCount: limits.heldBodyByteCount)
  }

  /// The object that `body` holds; takes time with its length, so it is no work for a thread that others wait for.
  func object(of body: HeldBody) throws(Refusal) -> JSONObject {
    let bytes = body.bytes
    guard !bytes.isEmpty else { throw .invalid(nil, "the request needs a body: a JSON object") }
    guard JSONTokens.count(in: bytes, upTo: limits.jsonTokens) <= limits.jsonTokens else {
      throw .invalid(nil, "the request body has more than \(limits.jsonTokens) JSON tokens")
    }
    let value: JSONValue
    do {
      value = try JSONParser.parse(bytes)
    } catch {
      throw Refusal(.invalidJSON, error.description)
    }
    guard case .object(let object) = value else {
      throw .invalid(nil, "the request body must be a JSON object")
    }
    return object
  }

  /// The whole body, and nothing of it where it says itself that it is too large or is not to be read as it is.
  ///
  /// `byteCount` is how large it may be; nil stands for what is usual.
  func held(of request: Request, upTo byteCount: Int? = nil) async throws -> HeldBody {
    try BodyEncoding.check(request.headers)
    let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
    let limit = byteCount ?? limits.bodyByteCount
    guard announced <= limit else { throw Refusal.tooLarge }
    let claim = memory.claim()
    var bytes: [UInt8] = []
    for try await chunk in request.body {
      guard chunk.readableBytes <= limit - bytes.count else { throw Refusal.tooLarge }
      guard claim.grow(to: bytes.count + chunk.readableBytes) else { throw Refusal.queueFull() }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    try BodyEncoding.check(bytes, request.headers)
    return HeldBody(bytes, claim)
  }
}

/// Counts the tokens of JSON text without reading it: brackets, separators, texts, numbers and words.
enum JSONTokens {
  /// The tokens of `bytes`, at most one more than `limit`; linear, and meaningful for invalid JSON too.
  static func count(in bytes: [UInt8], upTo limit: Int) -> Int {
    var count = 0
    var isInText = false
    var isEscaped = false
    var isInWord = false
    for byte in bytes {
      if isInText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInText = false
        }
        continue
      }
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: isInWord = false
      case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","),
        UInt8(ascii: ":"):
        isInWord = false
        count += 1
      case UInt8(ascii: "\""):
        isInWord = false
        isInText = true
        count += 1
      default:
        if !isInWord { count += 1 }
        isInWord = true
      }
      if count > limit { return count }
    }
    return count
  }
}
