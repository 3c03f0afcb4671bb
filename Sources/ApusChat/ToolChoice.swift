/// Whether a model may, must or must not call tools.
public enum ToolChoice: Sendable, Equatable {
  /// It may.
  case auto
  /// It must not, and is not told of any.
  case none
  /// It must call one or several.
  case required
  /// It must call the one of this name.
  case function(String)
}
