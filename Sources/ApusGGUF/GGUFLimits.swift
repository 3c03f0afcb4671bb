/// What a file may ask for at most, beyond what its own size already bounds.
package enum GGUFLimits {
  /// Key-value pairs in one file.
  package static let keyCount = 65_536
  /// Tensors in one file, and in all parts of a split model together.
  package static let tensorCount = 65_536
  /// Bytes of a key (the specification's limit).
  package static let keyByteCount = 65_535
  /// Bytes of a tensor's name (the specification's limit).
  package static let tensorNameByteCount = 64
  /// Dimensions of a tensor (the specification's limit).
  package static let dimensionCount = 4
  /// Arrays within arrays.
  package static let arrayDepth = 8
  /// Array elements of one file that have to be walked one by one: strings, bools and nested arrays.
  ///
  /// Sixty times the largest vocabulary; keeps a huge sparse file from costing minutes.
  package static let walkedElementCount = 1 << 24
  /// Bytes to which tensor data may be aligned; a power of two, and by the specification a multiple of 8.
  package static let alignment = 8...(1 << 20)
  /// The alignment of a file that does not state one.
  package static let defaultAlignment = 32
}
