/// What files and batches may be.
package struct BatchLimits: Sendable {
  /// Bytes of a file that is sent.
  package var fileByteCount = 100 << 20
  /// Bytes of all files, and of what batches have written so far.
  package var allFilesByteCount = 4 << 30
  /// The same of one owner.
  package var ownerByteCount = 1 << 30
  /// Files of one owner.
  package var files = 1000
  /// Seconds after which a file goes of which nothing else was said.
  package var lifetime = 30 * 86_400
  /// Requests of a batch.
  package var lines = 50_000
  /// Bytes of one of them.
  package var lineByteCount = 1 << 20
  /// Batches of one owner that have not ended.
  package var openBatches = 100
  /// Batches of one owner that are remembered; those that ended first are dropped.
  package var batches = 1000

  /// Seconds after which a client may have a file go, as OpenAI has them.
  static let lifetimes = 3600...2_592_000

  package init() {}
}
