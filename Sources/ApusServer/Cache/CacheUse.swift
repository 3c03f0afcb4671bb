internal import ApusStore
internal import Crypto
internal import HTTPTypes
internal import Hummingbird

/// What one request may do with the cache.
struct CacheUse: Sendable {
  let cache: AnswerCache
  /// Whose completions it finds: nobody is told what others have asked.
  let owner: String
  /// The model's name, for counts.
  let model: String
  /// Whether it takes what is there.
  let reads: Bool
}

/// What the cache had for a request, as a header field tells it.
enum CacheOutcome: String, Sendable {
  /// All of the answer was there.
  case hit
  /// It was computed, and is kept.
  case miss
  /// It was computed, and is not kept.
  case notKept = "not-kept"
}

extension ModelService {
  /// What a request for a model may do with the cache; nil where there is none, or the client wants nothing of it.
  func cacheUse(of request: Request, _ context: APIRequestContext, model: String) -> CacheUse? {
    let wishes = request.headers.cacheControl
    guard let cache, !wishes.contains("no-store") else { return nil }
    let reads = !wishes.contains("no-cache") && !wishes.contains("max-age=0")
    return CacheUse(cache: cache, owner: context.owner, model: model, reads: reads)
  }
}

extension CacheKey {
  /// The key of a result of one owner's, `result` being all that it depends on; others with another salt do not find it.
  init(_ result: [UInt8], of owner: String, _ salt: String?) {
    var hash = SHA256()
    // Each hashed by itself, so that no owner's name or salt can run into what follows.
    for part in [owner, salt ?? ""] { hash.update(data: Array(SHA256.hash(data: Array(part.utf8)))) }
    hash.update(data: result)
    self.init(Array(hash.finalize()))
  }
}

extension HTTPFields {
  /// The directives of `Cache-Control`, in small letters and without blanks.
  fileprivate var cacheControl: Set<String> {
    let all = self[values: .cacheControl].joined(separator: ",").split(separator: ",")
    return Set(all.map { String($0.filter { $0 != " " && $0 != "\t" }).lowercased() })
  }
}

extension Response {
  /// What the cache had, as clients of all dialects are told.
  var cacheOutcome: CacheOutcome? {
    get { HTTPField.Name.cache.flatMap { headers[$0] }.flatMap(CacheOutcome.init) }
    set { if let name = HTTPField.Name.cache { headers[name] = newValue?.rawValue } }
  }
}

extension HTTPField.Name {
  fileprivate static let cache = HTTPField.Name("X-Apus-Cache")
}
