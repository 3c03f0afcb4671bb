/// Hands out the KV blocks of a pool and counts who uses each; a pure value.
package struct KVBlockAllocator: Sendable {
  /// Blocks that nobody uses; the last one is given next.
  private var free: [Int32]
  /// How many users each block has.
  private var users: [Int32]

  /// A pool of `count` blocks, all free.
  package init(count: Int) {
    free = (0..<Int32(clamping: count)).reversed()
    users = [Int32](repeating: 0, count: free.count)
  }

  /// Blocks in the pool.
  package var count: Int { users.count }

  /// Blocks that nobody uses.
  package var freeCount: Int { free.count }

  /// Whether a block has more than one user, and must not be written to.
  package func isShared(_ block: Int32) -> Bool { users[Int(block)] > 1 }

  /// A free block, now with one user; nil if there is none.
  package mutating func take() -> Int32? {
    guard let block = free.popLast() else { return nil }
    users[Int(block)] = 1
    return block
  }

  /// Adds one user to blocks in use.
  package mutating func share(_ blocks: some Sequence<Int32>) {
    for block in blocks {
      precondition(users[Int(block)] > 0, "a KV block that nobody uses cannot be shared")
      users[Int(block)] += 1
    }
  }

  /// Takes one user from each of these blocks; those without users are free then.
  package mutating func release(_ blocks: some Sequence<Int32>) {
    for block in blocks {
      precondition(users[Int(block)] > 0, "a KV block was released twice")
      users[Int(block)] -= 1
      if users[Int(block)] == 0 { free.append(block) }
    }
  }

  /// What is wrong if `tables` are all block tables there are; nil if all is well.
  package func findFault(tables: [[Int32]]) -> String? {
    var counted = [Int32](repeating: 0, count: users.count)
    for block in tables.joined() { counted[Int(block)] += 1 }
    for (block, (counted, noted)) in zip(counted, users).enumerated() where counted != noted {
      return "KV block \(block) stands in \(counted) tables, but \(noted) users are noted"
    }
    let unused = users.count { $0 == 0 }
    guard Set(free).count == free.count, free.count == unused else {
      return "\(free.count) KV blocks are listed as free, but \(unused) have no user"
    }
    return nil
  }
}
