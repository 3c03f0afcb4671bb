internal import Apus
internal import ApusJSON
internal import ApusStore
internal import ApusWire
internal import Hummingbird

/// Takes requests in: reads them, gives them their places, and gets them their model.
struct Intake: Sendable {
  let service: ModelService

  /// A request whose body was read.
  private enum Entry {
    case admitted(Admitted)
    /// It needs no model.
    case reply(WholeReply, IgnoredFields)
  }

  /// A request for a model that has its places.
  struct Admitted: Sendable {
    fileprivate let object: JSONObject
    /// The object's part of the memory for bodies.
    fileprivate let claim: BodyMemory.Claim
    let choice: ModelChoice
    let isStreamed: Bool
    fileprivate let recall: Recall?
    fileprivate let earlier: Document?
    let permit: AdmissionPermit
    let usage: UsagePermit
    let heartbeat: Heartbeat
  }

  /// Answers one request: its body is read, it gets a place or is refused, and only then anything dear is done.
  ///
  /// - Parameters:
  ///   - endpoint: Whose request it is.
  ///   - request: The request.
  ///   - context: Where it came from.
  ///   - prepare: Makes of its fields what is to be done, on a thread for such work.
  ///   - answer: Does it.
  /// - Returns: The response.
  /// - Throws: What the client is to be told, as far as it is known.
  func respond<Prepared: Sendable>(
    _ endpoint: some Endpoint, to request: Request, _ context: APIRequestContext,
    _ prepare: @escaping @Sendable (RequestFields, JobSetting) throws -> Prepared,
    answer: @escaping @Sendable (Prepared, Admitted) async throws -> Response
  ) async throws -> Response {
    let admitted: Admitted
    switch try await admit(endpoint, request, context) {
    case .reply(let reply, let ignored):
      var response = reply.response
      ignored.write(to: &response.headers)
      return response
    case .admitted(let request): admitted = request
    }
    let form = LateForm(endpoint.dialect, isStreamed: admitted.isStreamed, context)
    var response = try await PendingResponse(form, admitted.heartbeat) {
      try await service.lease(admitted.choice.model, for: context.client, context.logger)
    } respond: { lease in
      let (prepared, ignored) = try await self.prepared(endpoint, request, admitted, lease, context, prepare)
      try await service.models[admitted.choice.model].file.check(lease.model, context.logger)
      var response = try await answer(prepared, admitted)
      ignored.write(to: &response.headers)
      return response
    }.response()
    response.variant = context.outcome.parties.variant
    return response
  }

  /// The body of a request, which fits its signature, where it has one.
  func body(of request: Request, _ context: APIRequestContext) async throws -> HeldBody {
    let body = try await service.body.held(of: request, upTo: context.bodyByteCount)
    if let signature = context.signature {
      try await service.preparation.run(for: context.client) { _ in
        do throws(SignatureRefusal) { try signature.check(body: body.bytes) } catch { throw Refusal.signature(error) }
      }
      context.outcome.note(key: context.key?.name ?? signature.accessKeyID)
    }
    return body
  }

  /// Reads a request's body, and takes a place among all requests before it is parsed, and one at its model behind that.
  private func admit(
    _ endpoint: some Endpoint, _ request: Request, _ context: APIRequestContext
  ) async throws -> Entry {
    let (reader, names) = (service.body, service.names)
    let body = try await body(of: request, context)
    let permit = try (context.isBackground ? service.background : service.admission).admit()
    let usage = try usage(of: context)
    let (object, target, choice, ignored) = try await service.preparation.run(for: context.client) { _ in
      let object = try endpoint.object(of: body, request, reader)
      let fields = try RequestFields(object).lifting(endpoint.nestedFields)
      let target = try endpoint.target(fields, request)
      try KeptChat.check(request, target)
      let name = target.reply == nil ? target.model : nil
      guard name?.utf8.count ?? 0 <= reader.limits.modelNameByteCount else {
        throw Refusal.invalid("model", "model must be a text of at most \(reader.limits.modelNameByteCount) bytes")
      }
      let choice = try names.choice(
        for: name, by: target.reply == nil ? context.key : nil, variant: target.variant ?? request.variant)
      return (object, target, choice, fields.ignored)
    }
    if let reply = target.reply { return .reply(reply, ignored) }
    let earlier: Document? =
      if let recall = target.recall { try await service.document(recall, of: context.owner) } else { nil }
    // What a request goes on from takes memory as its own body does.
    guard earlier.map({ body.claim.grow(to: body.bytes.count + $0.body.count) }) ?? true else {
      throw Refusal.queueFull()
    }
    let model = service.models[choice.model]
    context.outcome.note(model: model.name)
    if let shared = choice.shared {
      context.outcome.note(variant: model.name)
      service.note(variant: model.name, of: shared)
    }
    return .admitted(
      Admitted(
        object: object, claim: body.claim, choice: choice, isStreamed: target.isStreamed,
        recall: target.recall, earlier: earlier,
        permit: context.isBackground ? permit : try model.admission.admit(beside: permit), usage: usage,
        heartbeat: Heartbeat(interval: service.configuration.timeouts.heartbeat, client: context.client)))
  }

  private func usage(of context: APIRequestContext) throws(Refusal) -> UsagePermit {
    do {
      return try service.usage.admit(context.key, at: context.address, context.outcome)
    } catch {
      throw .excess(error, retryAfter: error.seconds ?? service.admission.secondsUntilPlace)
    }
  }

  private func prepared<Prepared: Sendable>(
    _ endpoint: some Endpoint, _ request: Request, _ admitted: Admitted, _ lease: ModelLease,
    _ context: APIRequestContext,
    _ prepare: @escaping @Sendable (RequestFields, JobSetting) throws -> Prepared
  ) async throws -> (Prepared, IgnoredFields) {
    let configuration = service.configuration
    let start = ContinuousClock.now
    defer { context.outcome.trace?.part("preparation", from: start) }
    return try await service.preparation.run(for: context.client) { shouldStop in
      let fields = try RequestFields(admitted.object).lifting(endpoint.nestedFields)
      let made = admitted.choice.made
      var (lease, usual) = (lease, GenerationOptions())
      if let made { (lease, usual) = try made.use(lease, configuration.limits) }
      let setting = JobSetting(
        lease: lease, name: admitted.choice.name, made: made, usual: usual, isStreamed: admitted.isStreamed,
        usage: admitted.usage, owner: context.owner, hasStore: configuration.store != nil,
        scope: CacheScope(owner: configuration.sharesPrompts ? "" : context.owner), recall: admitted.recall,
        earlier: admitted.earlier, limits: configuration.limits, moment: configuration.clock(), shouldStop: shouldStop)
      // What has said which model it is was read, too.
      _ = try endpoint.target(fields, request)
      do {
        return (try prepare(fields, setting), fields.ignored)
      } catch let error as ApusError {
        throw Refusal(error, prompt: endpoint.promptField, field: endpoint.field)
      }
    }
  }
}
