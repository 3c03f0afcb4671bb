/// A place in a schema, as a JSON pointer that is written only when it is asked for.
final class Place: Sendable {
  private let parent: Place?
  private let step: String

  /// The root.
  init() { (parent, step) = (nil, "#") }

  private init(parent: Place, step: String) { (self.parent, self.step) = (parent, step) }

  /// The member `step` of this place.
  func at(_ step: String) -> Place { Place(parent: self, step: step) }

  func at(_ index: Int) -> Place { Place(parent: self, step: String(index)) }

  var pointer: String {
    var steps = [step]
    var next = parent
    while let place = next {
      steps.append(place.step)
      next = place.parent
    }
    let escaped = steps.dropLast().map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }
    return (["#"] + escaped.reversed()).joined(separator: "/")
  }

  /// The pointer, of which a long one's end; a key may be of any length.
  var shown: String {
    let pointer = pointer
    return pointer.utf8.count > 300 ? "…" + pointer.suffix(200) : pointer
  }

  func error(_ reason: String) -> SchemaError { SchemaError(place: shown, reason: reason) }
}
