internal import Apus
internal import ApusJSON
internal import Crypto
internal import HTTPTypes
internal import Hummingbird

/// What Ollama's API tells of models.
struct OllamaModels: Sendable {
  let service: ModelService
  /// Who asks; what the key does not open is not there.
  let key: APIKey?

  /// `GET /api/tags`: all models, under all names that they have.
  func list(_ context: APIRequestContext) async throws -> Response {
    let entries = try await service.preparation.run(for: context.client) { _ in
      let given = service.names.further.map { ($0.name, service.models[$0.model].name) }
      return (known.map { ($0, $0) } + given.filter { known.contains($0.1) }).map { entry($0, of: $1) }
    }
    return WholeReply(["models": .array(entries.map { .object(JSONObject($0)) })]).response
  }

  /// `GET /api/ps`: the models that are loaded, and when they go.
  func loaded(_ context: APIRequestContext) async throws -> Response {
    let entries = try await service.preparation.run(for: context.client) { _ in
      let (residents, models) = (service.pool.residents, service.pool.loadedModels)
      return known.compactMap { name -> JSONValue? in
        guard let resident = residents[name] else { return nil }
        let more: JSONMembers = [
          ("size", .int(resident.byteCount)), ("size_vram", 0), ("expires_at", .string(expiry(of: resident))),
          ("context_length", models[name].map { .int($0.information.contextLength) } ?? .null),
        ]
        return .object(JSONObject(entry(name, of: name) + more))
      }
    }
    return WholeReply(["models": .array(entries)]).response
  }

  /// What `POST /api/show` tells of the model that `name` means.
  func description(of name: String?) throws -> JSONValue {
    let choice = try service.names.choice(for: name, by: key)
    let own = service.models[choice.model].name
    let information = service.pool.loadedModels[own]?.information
    let description: ModelDescription
    do throws(ApusError) {
      description = try service.pool.description(of: own)
    } catch {
      throw Refusal(loading: error)
    }
    let form = Modelfile(
      own, choice.made, usual: information?.ollamaParameters ?? [], template: description.template,
      licence: description.licence)
    var shown = JSONObject(form.members)
    let more: JSONMembers = [
      ("details", details(description, of: own, name: choice.name)),
      ("model_info", .object(description.modelInfo(information))), ("capabilities", description.capabilities),
      ("modified_at", .string(OllamaClock.text(.seconds(description.changeTime)))),
    ]
    for (name, value) in more { shown[name] = value }
    return .object(shown)
  }

  /// The models that the key opens, by their own names.
  private var known: [String] { service.models.names.filter { key?.allows(model: $0) ?? true } }

  /// A model in a list, under one of its names; one whose file cannot be read has little to tell.
  private func entry(_ name: String, of own: String) -> JSONMembers {
    let tagged = JSONValue.string(name.hasModelTag ? name : name + ":latest")
    let members: JSONMembers = [("name", tagged), ("model", tagged)]
    guard let description = try? service.pool.description(of: own) else {
      return members + [
        ("modified_at", .string(OllamaClock.text(.seconds(service.started)))), ("size", 0), ("digest", ""),
      ]
    }
    return members + [
      ("modified_at", .string(OllamaClock.text(.seconds(description.changeTime)))),
      ("size", .int(description.byteCount)),
      ("digest", .string(description.digest)), ("details", details(description, of: own, name: name)),
      ("capabilities", description.capabilities),
    ]
  }

  private func details(_ description: ModelDescription, of own: String, name: String) -> JSONValue {
    [
      "parent_model": .string(name.isSameModelName(as: own) ? "" : own), "format": "gguf",
      "family": .string(description.architecture), "families": [.string(description.architecture)],
      "parameter_size": .string(shortNumber(description.parameters)),
      "quantization_level": .string(description.format),
    ]
  }

  /// Far in the future for a model that stays.
  private func expiry(of resident: PoolSchedule.Resident) -> String {
    let now = service.configuration.clock()
    let left = resident.expiry.map { ContinuousClock.now.duration(to: $0) } ?? resident.idleTime ?? .seconds(9e9)
    return OllamaClock.text(now + max(.zero, left))
  }
}

extension ModelDescription {
  /// What tells the file from others, in the form of Ollama's digests.
  ///
  /// It is made of a few pages of each tensor, as to read gigabytes for it would take too long.
  fileprivate var digest: String {
    let hash = SHA256.hash(data: Array("\(byteCount) \(sample)".utf8))
    return hash.map { hexadecimalDigits(of: UInt64($0)).suffix(2) }.joined()
  }

  /// What the model can be asked for.
  ///
  /// Tools are told to any model that chats.
  fileprivate var capabilities: JSONValue {
    switch purpose {
    case .generation:
      .array(
        ["completion"] + (template == nil ? [] : ["tools"]) + (thinks ? ["thinking"] : []))
    case .embedding: ["embedding"]
    case .ranking: []
    }
  }

  /// The metadata; of a model that is loaded, the context is the one that it has.
  fileprivate func modelInfo(_ information: ModelInformation?) -> JSONObject {
    var info = JSONObject()
    for (key, value) in facts {
      info[key] =
        switch value {
        case .whole(let number)?: .int(number)
        case .number(let number)?: number.isFinite ? .double(number) : .null
        case .flag(let flag)?: .bool(flag)
        case .text(let text)?: .string(text)
        case nil: .null
        }
    }
    info["general.parameter_count"] = .int(parameters)
    info["\(architecture).context_length"] = .int(information?.contextLength ?? trainedContextLength)
    return info
  }
}

extension ModelInformation {
  /// The defaults of requests, under the names of Ollama's options.
  fileprivate var ollamaParameters: [(String, String)] {
    [
      ("num_ctx", "\(contextLength)"), ("temperature", "\(sampling.temperature)"), ("top_k", "\(sampling.topK)"),
      ("top_p", "\(sampling.topP)"), ("min_p", "\(sampling.minP)"), ("repeat_penalty", "\(sampling.repetitionPenalty)"),
    ]
  }
}

extension String {
  /// Whether a tag stands behind the model's name.
  fileprivate var hasModelTag: Bool {
    utf8.reversed().prefix { $0 != UInt8(ascii: "/") }.contains(UInt8(ascii: ":"))
  }
}

/// A number of weights as people say it: `1.1B`, `134.5M`.
private func shortNumber(_ number: Int) -> String {
  for (unit, size) in [("B", 1_000_000_000), ("M", 1_000_000), ("K", 1000)] where number >= size {
    let tenths = number / (size / 10)
    return tenths.isMultiple(of: 10) ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
  }
  return "\(number)"
}
