/// Whether a model may, must or must not call tools.
package enum ToolChoice: Sendable, Equatable {
  case auto
  case none
  case required
  /// It must call this one.
  case function(String)
}
