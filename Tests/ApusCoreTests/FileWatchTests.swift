internal import ApusCore
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct FileWatchTests {
  private let folder: TemporaryFolder
  private let path: String
  private let file: MappedFile

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.write([UInt8](repeating: 7, count: 1000), to: "file")
    file = try MappedFile(path: path)
  }

  private func write(_ bytes: [UInt8], at offset: UInt64) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }

  @Test func `A file that was only touched or moved is the same after a comparison`() throws {
    let watch = FileWatch([file], headerByteCounts: [100])
    #expect(watch.look() == .unchanged)
    try write([7], at: 500)
    #expect(watch.look() == .touched)
    watch.settle { true }
    #expect(watch.look() == .unchanged)
    try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
    watch.settle { true }
    #expect(watch.look() == .unchanged)
  }

  @Test func `Other contents are a change, and stay one`() throws {
    let watch = FileWatch([file], headerByteCounts: [100])
    try write([8], at: 500)
    watch.settle { false }
    #expect(watch.look() == .changed)
    try write([7], at: 500)
    watch.settle { true }
    #expect(watch.look() == .changed)
  }

  @Test func `The watch itself compares the header`() throws {
    let watch = FileWatch([file], headerByteCounts: [100])
    try write([8], at: 99)
    watch.settle { true }
    #expect(watch.look() == .changed)
  }

  @Test func `Another size is a change without a comparison`() throws {
    let watch = FileWatch([file], headerByteCounts: [100])
    try write([7], at: 1000)
    #expect(watch.look() == .changed)
  }

  @Test func `A digest changes with every bit, with the length and with the place`() {
    let digest = { (bytes: [UInt8], place: Int) in unsafe contentDigest(of: bytes.span.bytes, at: place) }
    for count in 0..<80 {
      var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      var seen: Set<UInt64> = [digest(bytes, 3), digest(bytes, 4)]
      for bit in 0..<count * 8 {
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        seen.insert(digest(bytes, 3))
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      }
      bytes.append(0)
      seen.insert(digest(bytes, 3))
      #expect(seen.count == count * 8 + 3)
      #expect(!seen.contains(0))
    }
  }
}
