internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct MappedFileTests {
  @Test(arguments: FileReadMode.allCases)
  func `A file's bytes are all there, in both modes`(mode: FileReadMode) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    let file = try MappedFile(path: folder.write(bytes, to: "file"), mode: mode)
    #expect(file.byteCount == bytes.count)
    #expect(Self.copy(file) == bytes)
    #expect(file.currentStamp() == file.stamp)
  }

  @Test(arguments: FileReadMode.allCases)
  func `An empty file has no bytes`(mode: FileReadMode) throws {
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: folder.write([], to: "empty"), mode: mode)
    #expect(file.byteCount == 0)
    #expect(Self.copy(file).isEmpty)
    #expect(file.currentStamp() == file.stamp)
  }

  @Test func `A file that grew or was rewritten is seen`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], to: "file")
    let file = try MappedFile(path: path)
    #expect(file.currentStamp() == file.stamp)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([4]))
    try handle.close()
    #expect(file.currentStamp() != file.stamp)
  }

  @Test func `A copy keeps its bytes when the file is cut`() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 7, count: 100_000)
    let path = try folder.write(bytes, to: "file")
    let file = try MappedFile(path: path, mode: .read)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 10)
    try handle.close()
    #expect(Self.copy(file) == bytes)
    #expect(file.currentStamp() != file.stamp)
  }

  @Test func `A file that was replaced keeps its old bytes`() throws {
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: folder.write([1, 2, 3], to: "file"))
    try FileManager.default.removeItem(atPath: folder.path("file"))
    try folder.write([9], to: "file")
    #expect(Self.copy(file) == [1, 2, 3])
  }

  @Test func `A missing file says so`() throws {
    let path = try TemporaryFolder().path("missing")
    let error = #expect(throws: FileError.self) { try MappedFile(path: path) }
    #expect(error == .cannotOpen(path: path, reason: "No such file or directory"))
  }

  @Test func `A name with a zero byte does not open the file before it`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "file")
    #expect(throws: FileError.self) { try MappedFile(path: path + "\0.gguf") }
  }

  @Test(arguments: FileReadMode.allCases)
  func `Directories, devices and pipes are refused without waiting`(mode: FileReadMode) throws {
    let folder = try TemporaryFolder()
    let pipe = try folder.makePipe("pipe")
    for path in [folder.url.path, "/dev/zero", "/dev/null", pipe] {
      let error = #expect(throws: FileError.self) { try MappedFile(path: path, mode: mode) }
      #expect(error == .notRegular(path: path))
    }
  }

  private static func copy(_ file: MappedFile) -> [UInt8] {
    unsafe file.bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
