internal import Foundation

/// A folder of files that are there after a crash of the program or the machine, once a call has returned.
///
/// Names are those of the caller, which takes none from a client: a section, a slash and a file's name. All calls wait for
/// the disk. One program at a time may use a folder.
package final class FileFolder: Sendable {
  private let root: String
  /// Open for as long as the folder is used, and locked.
  private let lock: FileHandle

  /// Opens the folder at `path` with these sections, or makes it; what it holds is its owner's alone to read.
  package init(path: String, sections: [String]) throws(StoreError) {
    root = path
    do {
      for section in [""] + sections {
        try FileManager.default.createDirectory(
          atPath: path + "/" + section, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      }
    } catch {
      throw Self.useless(path)
    }
    // The file that is there, never another in its place: a lock holds for the file, not for its name.
    let descriptor = unsafe open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.useless(path) }
    lock = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(lock.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw StoreError("\(path) is used by another program: give each server a folder of its own")
    }
  }

  private static func useless(_ path: String) -> StoreError {
    StoreError("\(path) cannot be used for files: it is missing and cannot be made, or may not be written")
  }

  /// Puts a whole file in place of one of that name.
  package func write(_ bytes: [UInt8], to name: String) throws(StoreError) {
    let draft = name + ".new"
    try? FileManager.default.removeItem(atPath: path(draft))
    try append(bytes, to: draft, waitsForDisk: false)
    try move(draft, to: name)
  }

  /// Writes behind what a file has; makes it where there is none.
  ///
  /// What comes in many pieces need not wait for the disk with each: `move` does so for all of them.
  package func append(_ bytes: [UInt8], to name: String, waitsForDisk: Bool = true) throws(StoreError) {
    let isNew = !exists(name)
    if isNew {
      guard
        FileManager.default.createFile(atPath: path(name), contents: nil, attributes: [.posixPermissions: 0o600])
      else { throw Self.failure() }
    }
    do {
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
      defer { try? file.close() }
      try file.seekToEnd()
      try file.write(contentsOf: Data(bytes))
      if waitsForDisk { try file.synchronize() }
    } catch {
      throw Self.failure()
    }
    if isNew { try synchronizeSection(of: name) }
  }

  /// Gives a file another name, in place of one that has it, when all of it is on the disk.
  package func move(_ name: String, to other: String) throws(StoreError) {
    do {
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
      defer { try? file.close() }
      try file.synchronize()
    } catch {
      throw Self.failure()
    }
    guard unsafe rename(path(name), path(other)) == 0 else { throw Self.failure() }
    try synchronizeSection(of: other)
    try synchronizeSection(of: name)
  }

  /// Leaves the first `count` bytes of a file.
  package func cut(_ name: String, to count: Int) throws(StoreError) {
    do {
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
      defer { try? file.close() }
      try file.truncate(atOffset: UInt64(count))
      try file.synchronize()
    } catch {
      throw Self.failure()
    }
  }

  /// Removes a file, where there is one.
  package func remove(_ name: String) throws(StoreError) {
    guard exists(name) else { return }
    do {
      try FileManager.default.removeItem(atPath: path(name))
    } catch {
      throw Self.failure()
    }
    try synchronizeSection(of: name)
  }

  /// At most `count` bytes of a file behind its first `offset`; none at its end.
  package func bytes(of name: String, from offset: Int, count: Int) throws(StoreError) -> [UInt8] {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path(name)))
      defer { try? file.close() }
      try file.seek(toOffset: UInt64(offset))
      return [UInt8](try file.read(upToCount: count) ?? Data())
    } catch {
      throw Self.failure()
    }
  }

  /// Bytes of a file; nil where there is none.
  package func size(of name: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
    return (attributes?[.size] as? NSNumber)?.intValue
  }

  /// The names of the files of a section.
  package func names(in section: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(section))) ?? []).sorted()
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  private func path(_ name: String) -> String { root + "/" + name }

  /// A name is on the disk when its folder is.
  private func synchronizeSection(of name: String) throws(StoreError) {
    let section = name.prefix { $0 != "/" }
    let descriptor = unsafe open(path(String(section)), O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { throw Self.failure() }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Self.failure() }
  }

  private static func failure() -> StoreError {
    switch errno {
    case ENOSPC, EDQUOT: StoreError("the disk is full")
    case EACCES, EPERM, EROFS: StoreError("the folder of files may not be written")
    default: StoreError("the folder of files failed")
    }
  }
}
