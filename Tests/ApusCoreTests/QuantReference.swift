internal import ApusTestSupport
internal import Foundation
internal import Testing

/// The folder `quants` of the reference data: floats, their quantized bytes, and the exact values of those bytes.
struct QuantReference {
  /// One tensor type of the index; the names are those of its JSON keys.
  struct Entry: Decodable, CustomTestStringConvertible {
    let type: String
    let ggml_type: UInt32
    let block_size: Int?
    let type_size: Int?
    let raw: String
    let dequantized: String
    let random_raw: String?
    let random_dequantized: String?

    var testDescription: String { type }

    /// Bytes and their values: quantized floats, and random bits.
    var pairs: [(raw: String, values: String)] {
      guard let random_raw, let random_dequantized else { return [(raw, dequantized)] }
      return [(raw, dequantized), (random_raw, random_dequantized)]
    }
  }

  private struct Index: Decodable {
    let rows: Int
    let cols: Int
    let row_names: [String]
    let input: String
    let types: [Entry]
  }

  let columns: Int
  let rowNames: [String]
  let entries: [Entry]
  private let inputName: String
  private let folder: URL

  /// The reference, or nil where the folder is absent.
  static let shared: QuantReference? = {
    guard let folder = TestData.folder?.appendingPathComponent("quants"),
      let index = Self.index("index.json", in: folder), let newer = Self.index("index-newer.json", in: folder)
    else { return nil }
    return QuantReference(
      columns: index.cols, rowNames: index.row_names, entries: index.types + newer.types, inputName: index.input,
      folder: folder)
  }()

  private static func index(_ name: String, in folder: URL) -> Index? {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)) else { return nil }
    return try? JSONDecoder().decode(Index.self, from: data)
  }

  /// All types of the indices; none without reference data.
  static let entries = shared?.entries ?? []

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The little-endian floats of a file.
  func floats(_ name: String) throws -> [Float] {
    let bytes = try bytes(name)
    return (0..<bytes.count / 4).map { i in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[4 * i + $1]) << UInt32(8 * $1) })
    }
  }

  func input() throws -> [Float] { try floats(inputName) }
}

/// True where both floats have the same bits, or both are NaN.
func identical(_ a: Float, _ b: Float) -> Bool {
  a.bitPattern == b.bitPattern || a.isNaN && b.isNaN
}
