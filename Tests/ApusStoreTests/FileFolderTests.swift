internal import ApusStore
internal import ApusTestSupport
internal import Foundation
internal import Testing

@Suite struct `A folder of files` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("files")
  }

  @Test func `is used by one at a time, and by another when that one has ended`() throws {
    var first: FileFolder? = try FileFolder(path: path, sections: ["a"])
    try first?.write(Array("x".utf8), to: "a/x")
    for _ in 0..<2 {
      #expect(throws: StoreError("\(path) is used by another program: give each server a folder of its own")) {
        try FileFolder(path: path, sections: ["a"])
      }
    }
    // Whoever was refused has left the lock as it was.
    try first?.write(Array("y".utf8), to: "a/y")
    first = nil
    let second = try FileFolder(path: path, sections: ["a"])
    #expect(second.names(in: "a") == ["x", "y"])
  }

  @Test func `is its owner's alone, its lock too`() throws {
    let files = try FileFolder(path: path, sections: ["a"])
    try files.write(Array("x".utf8), to: "a/x")
    for (name, rights) in [("", 0o700), ("/a", 0o700), ("/lock", 0o600), ("/a/x", 0o600)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path + name)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == rights, "\(name)")
    }
  }

  @Test func `that cannot be made is an error that names it`() throws {
    try Data().write(to: URL(fileURLWithPath: folder.path("plain")))
    let inside = folder.path("plain") + "/files"
    #expect {
      try FileFolder(path: inside, sections: ["a"])
    } throws: { error in
      "\(error)".hasPrefix(inside)
    }
  }
}
