internal import ApusCore
internal import ApusGGUF
internal import ApusTestSupport
internal import Foundation

/// A tiny model file with some of its content changed.
struct TinyFile {
  var model = TinyModel()
  /// Sets metadata and adds tensors, whose data are zero.
  var change: (inout GGUFWriter) throws -> Void = { _ in }
  /// Other dimensions or type for tensors by name, whose data are zero then.
  var replacements: [String: (dimensions: [Int], type: GGUFTensorType)] = [:]
  /// Tensors left out, by name.
  var omissions: Set<String> = []
  /// Changes the data of a tensor.
  var data: (_ name: String, _ bytes: inout [UInt8]) -> Void = { _, _ in }

  func write(to path: String) throws {
    var writer = try model.writer()
    var sources: [Int?] = Array(writer.tensors.indices)
    if !replacements.isEmpty || !omissions.isEmpty {
      let original = writer.tensors
      writer = try writerWithMetadata(path)
      sources = []
      for (index, tensor) in original.enumerated() where !omissions.contains(tensor.name) {
        let replacement = replacements[tensor.name]
        try writer.addTensor(
          tensor.name, dimensions: replacement?.dimensions ?? tensor.dimensions,
          type: replacement?.type ?? tensor.type)
        sources.append(replacement == nil ? index : nil)
      }
    }
    try change(&writer)
    let entries = writer.tensors
    try writer.write(to: path) { index, emit in
      let source = index < sources.count ? sources[index] : nil
      var bytes = source.map { model.data(of: $0) } ?? [UInt8](repeating: 0, count: entries[index].byteCount)
      data(entries[index].name, &bytes)
      try emit(bytes.span)
    }
  }

  /// A writer with the model's metadata and no tensors yet; uses `path` for a moment.
  private func writerWithMetadata(_ path: String) throws -> GGUFWriter {
    try model.write(to: path)
    var writer = GGUFWriter()
    writer.copy(try GGUFFile.open(path: path).metadata)
    return writer
  }
}

extension [UInt8] {
  /// Replaces the first occurrence of the bytes of `text` by those of `other`, which are as many.
  mutating func replaceFirst(_ text: String, by other: String) throws {
    let (old, new) = (Array(text.utf8), Array(other.utf8))
    precondition(old.count == new.count, "offsets in the file must stay")
    let start = indices.dropLast(old.count - 1).first { self[$0..<$0 + old.count].elementsEqual(old) }
    guard let start else { throw CocoaError(.coderValueNotFound) }
    replaceSubrange(start..<start + old.count, with: new)
  }
}
