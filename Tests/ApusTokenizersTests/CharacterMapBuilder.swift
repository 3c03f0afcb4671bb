/// Writes a table of replacements as SentencePiece does: a double array, then the replacements.
///
/// A plain double array: the children of each node are put at the first base where all their places are free.
enum CharacterMapBuilder {
  static func bytes(_ rules: [(String, String)]) -> [UInt8] {
    var replacements: [UInt8] = []
    var root = Node()
    for (text, replacement) in rules {
      root.insert(Array(text.utf8)[...], UInt32(replacements.count))
      replacements += Array(replacement.utf8) + [0]
    }
    var units: [UInt32?] = [0]
    // The root's label is none, its children stand at base 1 or later.
    place(root, at: 0, label: 0, &units)
    let flat = units.map { $0 ?? 0x8000_0000 } + Array(repeating: 0x8000_0000, count: 256)
    let blob = flat.flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * UInt32($0))) } }
    return (0..<4).map { UInt8(truncatingIfNeeded: blob.count >> (8 * $0)) } + blob + replacements
  }

  private final class Node {
    var children: [UInt8: Node] = [:]
    var value: UInt32?

    func insert(_ text: ArraySlice<UInt8>, _ value: UInt32) {
      guard let first = text.first else {
        self.value = value
        return
      }
      let child = children[first] ?? Node()
      children[first] = child
      child.insert(text.dropFirst(), value)
    }
  }

  private static func place(_ node: Node, at index: Int, label: UInt32, _ units: inout [UInt32?]) {
    let labels = node.children.keys.map(Int.init) + (node.value == nil ? [] : [0])
    var offset = 1
    while labels.contains(where: { let place = index ^ offset ^ $0; return place < units.count && units[place] != nil }) {
      offset += 1
    }
    for label in labels {
      while units.count <= index ^ offset ^ label { units.append(nil) }
      units[index ^ offset ^ label] = 0x8000_0000
    }
    units[index] = label | UInt32(offset) << 10 | (node.value == nil ? 0 : 0x100)
    if let value = node.value { units[index ^ offset] = 0x8000_0000 | value }
    for (byte, child) in node.children.sorted(by: { $0.key < $1.key }) {
      place(child, at: index ^ offset ^ Int(byte), label: UInt32(byte), &units)
    }
  }
}
