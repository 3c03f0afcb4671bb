/// Activations `[rows, columns]` in a backend's own memory.
///
/// A step gives it the shape that it needs; `rows · columns` never exceeds `capacity`, the values allocated for.
/// One step at a time works on a buffer: it is not for concurrent use.
package final class Buffer {
  /// Values allocated for.
  package let capacity: Int
  package private(set) var rows: Int
  /// Values of a row; rows lie one after the other without gaps.
  package private(set) var columns: Int
  /// The backend's own: what holds the values.
  package let storage: AnyObject
  /// The backend that made it.
  package let owner: ObjectIdentifier

  /// Called by a backend.
  package init(rows: Int, columns: Int, storage: AnyObject, owner: any Backend) {
    capacity = rows * columns
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.owner = ObjectIdentifier(owner)
  }

  /// Takes another shape; the values are those of no shape before.
  package func reshape(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0 && rows * columns <= capacity, "a shape beyond the buffer's capacity")
    (self.rows, self.columns) = (rows, columns)
  }
}
