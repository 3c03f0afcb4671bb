/// A LoRA adapter to load beside a model: a small file of what a fine-tuning has changed.
///
/// It must be made for the very model, in GGUF as llama.cpp's `convert_lora_to_gguf.py` writes it.
public struct Adapter: Sendable, Equatable {
  /// What requests call it.
  public var name: String
  /// The file.
  public var path: String

  /// The adapter in the file at `path`, under the name that requests choose it by.
  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}

/// An adapter that a completion is computed with, and how strongly.
public struct AdapterChoice: Sendable, Equatable {
  /// The name of one of `ModelInformation.adapters`.
  public var name: String
  /// Factor on what the adapter adds: 1 is what it was trained with, 0 is as good as without it.
  public var scale: Float

  /// An adapter by its name, as it was trained or with another factor.
  public init(_ name: String, scale: Float = 1) {
    self.name = name
    self.scale = scale
  }
}
