/// Activations `[rows, columns]` in a backend's own memory; a backend subclasses it to add the storage.
///
/// `rows` is how many rows the current step uses; it never exceeds `capacity`, the rows allocated for.
/// One step at a time works on a buffer: it is not for concurrent use.
package class Buffer {
  package let capacity: Int
  package let columns: Int
  package var rows: Int {
    didSet { precondition(rows >= 0 && rows <= capacity, "rows beyond the buffer's capacity") }
  }

  package init(capacity: Int, columns: Int) {
    self.capacity = capacity
    self.columns = columns
    rows = capacity
  }
}
