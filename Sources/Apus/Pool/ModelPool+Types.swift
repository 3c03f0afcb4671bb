extension ModelPool {
  /// A model that can be loaded.
  public struct Source: Sendable, Equatable {
    /// The name that it is asked for by.
    public var name: String
    /// Its file.
    public var path: String
    /// How it is set up.
    ///
    /// Without `kvMemory`, models share what is free: each that is loaded leaves to those that are not as much as it
    /// takes.
    public var options: LoadOptions

    /// A model with its name and file.
    public init(name: String, path: String, options: LoadOptions = LoadOptions()) {
      self.name = name
      self.path = path
      self.options = options
    }
  }

  /// What became of a model.
  public enum Event: Sendable {
    /// It is loaded.
    case loaded(name: String, information: ModelInformation)
    /// It was unloaded, for want of use or of memory.
    case unloaded(name: String)
  }
}
