internal import ApusCore

/// The bytes of a text file that a person gives, without a byte order mark; regular files of at most 64 MiB only.
func readFile(_ path: String) throws -> [UInt8] {
  let limit = 64 << 20
  let file = try MappedFile(path: path)
  guard file.byteCount <= limit else { throw Failure("\(path) has more than \(limit >> 20) MiB: give a smaller file") }
  // Read, not mapped: another program may be writing it.
  return try StoredText.withoutMark(copy(of: MappedFile(path: path, mode: .read)), from: path)
}

private func copy(of file: MappedFile) -> [UInt8] {
  unsafe file.bytes.withUnsafeBytes { unsafe [UInt8]($0) }
}
