internal import HTTPTypes
internal import Hummingbird

/// Where invocations that are answered later have their requests and answers.
package struct LaterInvocations: Sendable {
  package let storage: any ObjectStorage
  /// Where requests may lie: whoever may ask may have these read.
  package let inputs: [ObjectFolder]
  /// Where answers are written.
  package let output: ObjectFolder

  /// Invocations that may wait, in all and of one client.
  package var waiting = 256
  package var waitingPerClient = 64

  package init(storage: any ObjectStorage, inputs: [ObjectFolder], output: ObjectFolder) {
    (self.storage, self.inputs, self.output) = (storage, inputs, output)
  }
}

/// One invocation that is answered later.
struct LaterInvocation: Sendable {
  /// What the client calls it.
  let id: String
  let input: ObjectPlace
  /// Where its answer goes, and where what is to be said of a failure.
  let output: ObjectPlace
  let failure: ObjectPlace
  /// The path that answers it at once, and the header fields for that.
  let path: String
  let headers: HTTPFields
  /// With what key it was sent, and whether that is one that may be taken away.
  let key: APIKey?
  let isKeyListed: Bool
  /// Until when it may wait, and how long it may be worked on.
  let expiry: ContinuousClock.Instant
  let timeout: Duration

  /// Reads a request of the runtime's API.
  init(
    _ request: Request, _ context: APIRequestContext, _ settings: LaterInvocations, isKeyListed: Bool
  ) throws(Refusal) {
    func field(_ name: String) -> String? { request.sageMakerField(name) }
    func seconds(_ name: String, _ range: ClosedRange<Int>, usual: Int) throws(Refusal) -> Duration {
      guard let text = field(name) else { return .seconds(usual) }
      guard let number = Int(text), range.contains(number) else {
        throw .invalid(name, "\(name) must be a number of seconds from \(range.lowerBound) to \(range.upperBound)")
      }
      return .seconds(number)
    }
    guard let text = field("InputLocation"), let input = ObjectPlace(text),
      settings.inputs.contains(where: { $0.holds(input) })
    else {
      throw .invalid(
        "InputLocation", "InputLocation must be s3://BUCKET/KEY, in a bucket and folder that this server may read")
    }
    for name in ["S3OutputPathExtension", "Filename"] where field(name) != nil { throw .unsupported(name, name) }
    let name = newLongIdentifier("")
    guard let output = settings.output.place(name + ".out"),
      let failure = settings.output.place("failures/\(name)-error.out")
    else { throw .failure }
    (self.input, self.output, self.failure) = (input, output, failure)
    id = try Self.id(field("Inference-Id")) ?? name
    path = request.uri.path.replacingSuffix("/async-invocations", by: "/invocations")
    headers = Self.headers(request)
    (key, self.isKeyListed) = (context.key, isKeyListed)
    expiry = .now + (try seconds("RequestTTLSeconds", 60...21_600, usual: 21_600))
    timeout = try seconds("InvocationTimeoutSeconds", 1...3600, usual: 900)
  }

  private static func id(_ text: String?) throws(Refusal) -> String? {
    guard let text else { return nil }
    guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw .invalid("InferenceId", "InferenceId must have 1 to 64 characters of ASCII that can be printed")
    }
    return text
  }

  /// The header fields of the same invocation where it is answered at once.
  private static func headers(_ request: Request) -> HTTPFields {
    var headers: HTTPFields = [.contentType: request.sageMakerField("Content-Type") ?? "application/json"]
    for name in ["Target-Model", "Target-Variant", "Inference-Component"] {
      if let field = HTTPField.Name("X-Amzn-SageMaker-" + name) { headers[field] = request.headers[field] }
    }
    return headers
  }
}

extension String {
  /// The text with another ending, where it has this one.
  fileprivate func replacingSuffix(_ old: String, by new: String) -> String {
    hasSuffix(old) ? dropLast(old.count) + new : self
  }
}
