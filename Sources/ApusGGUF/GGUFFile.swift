package import ApusCore

/// A GGUF model file, or all files of a split model: opened, checked and mapped; nothing is copied.
///
/// The metadata is that of the first part. Any number of threads may read it.
package final class GGUFFile: Sendable {
  package let version: UInt32
  package let metadata: GGUFMetadata
  /// All tensors, in the order of the files and of the entries in each.
  package let tensors: [GGUFTensor]
  /// The mapped files: one, or the parts of a split model in order.
  package let files: [MappedFile]
  let headerByteCounts: [Int]
  private let indexes: [ExactName: Int]

  /// Opens `path` and checks its whole structure: one pass over the header, none over the tensors.
  ///
  /// A file that says that it is one part of a split model (`split.count` above 1) brings all the others,
  /// whichever part was named: they lie beside it, as `NAME-00001-of-0000N.gguf` and so on.
  package static func open(path: String, mode: FileReadMode = .mapped) throws(GGUFError) -> GGUFFile {
    try GGUFFile(parts: SplitModel.open(path: path, mode: mode))
  }

  /// Checks the structure of a file that is in memory already.
  package convenience init(_ file: MappedFile) throws(GGUFError) {
    try self.init(parts: [(file, GGUFReader.read(file))])
  }

  private init(parts: [(file: MappedFile, content: GGUFPart)]) throws(GGUFError) {
    version = parts[0].content.version
    metadata = parts[0].content.metadata
    files = parts.map(\.file)
    headerByteCounts = parts.map(\.content.headerByteCount)
    tensors = parts.enumerated().flatMap { part, it in
      it.content.tensors.map { tensor in
        var tensor = tensor
        tensor.part = part
        return tensor
      }
    }
    indexes = try Self.index(tensors, files)
  }

  private static func index(
    _ tensors: [GGUFTensor], _ files: [MappedFile]
  ) throws(GGUFError) -> [ExactName: Int] {
    var indexes: [ExactName: Int] = [:]
    indexes.reserveCapacity(tensors.count)
    for (index, tensor) in tensors.enumerated() {
      guard let other = indexes.updateValue(index, forKey: ExactName(tensor.name)) else { continue }
      throw GGUFError(
        .split, path: files[tensor.part].path, .tensor(tensor.name), expected: "every tensor in one part",
        found: "it in part \(tensors[other].part + 1) too")
    }
    return indexes
  }

  package var paths: [String] { files.map(\.path) }

  /// The size of all files together.
  package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// A watch over the files from here on; reads their headers.
  package func watch() -> FileWatch { FileWatch(files, headerByteCounts: headerByteCounts) }

  /// The tensor of that name; constant time.
  package func tensor(named name: String) -> GGUFTensor? {
    indexes[ExactName(name)].map { tensors[$0] }
  }

  /// The bytes of one of this file's tensors, in place.
  @_lifetime(borrow self)
  package func bytes(of tensor: GGUFTensor) -> Span<UInt8> {
    files[tensor.part].bytes(tensor.offset..<tensor.offset + tensor.byteCount, borrowing: self)
  }

  /// A copy of some of the bytes of one of this file's tensors.
  package func copy(_ range: Range<Int>, of tensor: GGUFTensor) -> [UInt8] {
    ApusGGUF.copy(bytes(of: tensor).extracting(range))
  }

  /// Where the tensor lies and how to read it; throws where it is missing or in a format without kernels.
  package func weightSource(named name: String) throws(GGUFError) -> WeightSource {
    guard let tensor = tensor(named: name) else {
      throw GGUFError(
        .missing, path: files[0].path, .tensor(name), expected: "this tensor", found: "that the model lacks it")
    }
    let file = files[tensor.part]
    guard let format = tensor.format else {
      throw GGUFError(
        .unsupported, path: file.path, offset: tensor.offset, .tensor(name),
        expected: "a format that Apus computes with (re-quantize the model, for example to Q4_K_M)",
        found: tensor.type.name)
    }
    return WeightSource(
      name: name, file: file, byteOffset: tensor.offset, format: format, rows: tensor.rows, columns: tensor.columns)
  }
}
