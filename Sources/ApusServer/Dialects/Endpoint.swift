internal import Apus
internal import ApusJSON
internal import ApusStore
internal import Hummingbird

/// A path whose answers need a model: how a dialect reads its requests.
protocol Endpoint: Sendable {
  /// How its errors and streams look.
  var dialect: any Dialect { get }
  /// The field with the prompt, for errors.
  var promptField: String { get }
  /// Objects whose members stand for fields beside them.
  var nestedFields: [String] { get }
  /// What the dialect calls a field that errors of the library name.
  func field(_ name: String) -> String
  /// The JSON object of a request's body.
  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject
  /// What must be known of a request before its model is.
  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget
}

/// A path whose requests are answered by a model.
protocol AnsweringEndpoint: Endpoint {
  /// Whether the answer to a request with this body comes as a whole, so that several tries of it can have one answer.
  func isShared(_ body: HeldBody) -> Bool
  /// What is to be done for the answer; on a thread for such work.
  ///
  /// Throws `Refusal` or `ApusError`.
  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask
}

/// What is to be done for an answer.
enum AnswerTask: Sendable {
  /// Text is generated.
  case generation(GenerationJob)
  /// Something else is asked of the model, which is answered as a whole.
  case reply(ReplyTask)
}

/// What is asked of a model that generates no text.
struct ReplyTask: Sendable {
  /// What the model computes, as traces call it; nil where it computes nothing.
  let operation: String?
  let work: ReplyWork
}

extension AnswerTask {
  /// The same, whose prompts are shared within `scope` alone.
  func within(_ scope: CacheScope) -> AnswerTask {
    guard case .generation(var job) = self else { return self }
    job.plan.options.cacheSalt = scope.salt(job.plan.options.cacheSalt)
    return .generation(job)
  }

  /// Texts become vectors.
  static func vectors(_ work: @escaping ReplyWork) -> AnswerTask {
    .reply(ReplyTask(operation: "embeddings", work: work))
  }
}

/// A path that generates text.
protocol GenerationEndpoint: AnsweringEndpoint {
  /// What is to be generated, and who writes the answer; on a thread for such work.
  ///
  /// Throws `Refusal` or `ApusError`.
  func job(_ fields: RequestFields, _ setting: JobSetting) throws -> GenerationJob
}

/// A path that asks a model for something else, such as tokens or vectors.
protocol ReplyEndpoint: AnsweringEndpoint {
  /// What a model computes for it, as traces call it; nil where none computes.
  var operation: String? { get }
  /// The work that gives the reply; what is made of the fields before it, is made on a thread for such work.
  ///
  /// Throws `Refusal` or `ApusError`, as the work does; that ends early where the client leaves.
  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork
}

extension AnsweringEndpoint {
  func isShared(_ body: HeldBody) -> Bool { false }
}

extension GenerationEndpoint {
  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    .generation(try job(fields, setting))
  }
}

extension ReplyEndpoint {
  var operation: String? { nil }

  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    .reply(ReplyTask(operation: operation, work: try work(fields, setting)))
  }
}

/// What gives a reply in the end.
typealias ReplyWork = @Sendable () async throws -> WholeReply

extension Endpoint {
  var nestedFields: [String] { [] }

  func field(_ name: String) -> String { name }

  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    try reader.object(of: body)
  }
}

/// Whom a request asks, and how it wants its answer.
struct RequestTarget: Sendable {
  /// The model's name as the client gave it; nil for the default.
  let model: String?
  let isStreamed: Bool
  /// The variant of the name that shall answer; nil leaves it to chance, or to a header field of our own.
  var variant: String?
  /// What it is answered with where it needs no model; then none is loaded for it.
  var reply: WholeReply?
  /// What it goes on from.
  var recall: Recall?
}

/// What a job is made with.
struct JobSetting: Sendable {
  /// The model that answers.
  let lease: ModelLease
  /// Its name in the answer.
  let name: String
  /// What was made of the model under that name; nil for the model as it is.
  var made: MadeModel?
  /// What is taken where a request says nothing of how long an answer is, where it ends, of its seed and adapters.
  var usual = GenerationOptions()
  let isStreamed: Bool
  /// What an endpoint charges tokens to, where no completion has them.
  let usage: UsagePermit
  /// Whose it is, and whether what it says can be kept for them.
  let owner: String
  let hasStore: Bool
  /// Who finds what is kept of its prompts.
  let scope: CacheScope
  /// What the request goes on from, and the document that was found; nil for one that begins with it.
  let recall: Recall?
  let earlier: Document?
  var limits: RequestLimits
  /// When it was made, as the time since 1970 began.
  let moment: Duration
  /// Whether nobody needs the job any longer.
  let shouldStop: Preparation.ShouldStop

  var model: Model { lease.model }

  /// Seconds since 1970.
  var time: Int { Int(moment.components.seconds) }

  /// A conversation behind what was said before it to the model of that name.
  func conversation(_ messages: [ChatMessage]) -> [ChatMessage] { made?.conversation(messages) ?? messages }

  /// Options of a request, and the usual ones where it names none.
  func filled(_ given: GenerationOptions) -> GenerationOptions {
    var options = given
    options.maxTokens = options.maxTokens ?? usual.maxTokens
    options.seed = options.seed ?? usual.seed
    if options.stop.isEmpty { options.stop = usual.stop }
    if options.adapters.isEmpty { options.adapters = usual.adapters }
    return options
  }
}

/// What is to be generated, and who writes the answer.
struct GenerationJob: Sendable {
  var plan: GenerationPlan
  let encoder: any AnswerEncoder
}
