/// Activations `[rows, columns]` in a backend's own memory.
///
/// `rows` is how many rows the current step uses; it never exceeds `capacity`, the rows allocated for.
/// One step at a time works on a buffer: it is not for concurrent use.
package final class Buffer {
  package let capacity: Int
  package let columns: Int
  /// The backend's own: what holds the values.
  package let storage: AnyObject
  package var rows: Int {
    didSet { precondition(rows >= 0 && rows <= capacity, "rows beyond the buffer's capacity") }
  }

  /// Called by a backend.
  package init(capacity: Int, columns: Int, storage: AnyObject) {
    self.capacity = capacity
    self.columns = columns
    self.storage = storage
    rows = capacity
  }
}
