/// Keeps results for a while, so that the same need not be computed twice; what it has forgotten is computed again.
///
/// No call waits for long: a cache that does not answer soon throws.
package protocol ResponseCache: Sendable {
  /// What is kept under a key; nil where nothing is.
  ///
  /// It may come from another program: whoever reads it checks every byte.
  func value(_ key: CacheKey) async throws(StoreError) -> [UInt8]?
  /// Keeps a value under a key, in place of another one.
  func keep(_ value: [UInt8], under key: CacheKey) async throws(StoreError)
  /// Bytes that a value may have.
  var valueByteLimit: Int { get }
  /// Bytes that it takes of this process's memory.
  var byteCount: Int { get }
}

extension ResponseCache {
  /// Bytes that a value may have at most, whatever the room.
  package static var longestValue: Int { 1 << 20 }
}

/// What a result is found by: 32 bytes, a hash of all that it depends on.
package struct CacheKey: Sendable, Hashable {
  package let bytes: [UInt8]

  /// The key with the bytes of a hash.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }
}
