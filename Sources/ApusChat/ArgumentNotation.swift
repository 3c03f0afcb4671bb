/// How a model writes the arguments of a call, where it writes them as one value.
package enum ArgumentNotation: Sendable, Equatable {
  /// A JSON object.
  case json
  /// Python's keyword arguments without the parentheses around them; values are Python's literals or JSON's.
  case python
  /// An object whose keys have no quotes, and whose texts stand between two such marks.
  case marked(String)
}
