/// Whose requests find what is kept of a prompt.
///
/// The count of cached tokens, and how soon an answer begins, tell how much of a prompt was sent before. Who may ask with
/// guesses of the next word can so read what others have sent. So each client has its own, unless all are to share.
struct CacheScope: Sendable {
  /// Whose the request is; empty where all clients share.
  let owner: String

  /// The salt of this owner's prompts, `own` being the one that the request names; nil where all share.
  func salt(_ own: String? = nil) -> String? {
    guard !owner.isEmpty || own != nil else { return nil }
    // With its length before it, no owner's name can be continued by a client's salt to be another's.
    return "\(owner.utf8.count) \(owner)\(own ?? "")"
  }
}

extension RequestFields {
  /// `cache_salt`, vLLM's name of what a client tells its own users apart by.
  func cacheSalt(_ limits: RequestLimits) throws(Refusal) -> String? {
    let salt = try string("cache_salt", upTo: limits.cacheSaltByteCount)
    guard salt != "" else { throw mismatch("cache_salt", "a text that is not empty") }
    return salt
  }
}
