internal import ApusCore

/// Where tokens stood that followed the same few tokens; a pure value of a fixed size.
///
/// Of runs that share a place the latest is kept, so what is found must be compared with the tokens.
struct LookupTable: Sendable {
  /// The most places: a longer text forgets its oldest runs.
  static let mostPlaces = 1 << 16

  private var places: [Int32]

  /// A table for a text of about so many tokens.
  init(for count: Int) {
    var size = 256
    while size < min(count, Self.mostPlaces) { size *= 2 }
    places = [Int32](repeating: 0, count: size)
  }

  /// Notes that `position` follows `run`; gives what was noted last in its place, 0 if nothing was.
  mutating func exchange(_ run: ArraySlice<Token>, for position: Int) -> Int {
    var hash: UInt64 = 0
    for token in run { hash = (hash ^ UInt64(truncatingIfNeeded: token)) &* 0x9E37_79B9_7F4A_7C15 }
    let place = Int(truncatingIfNeeded: (hash >> 32) & UInt64(places.count - 1))
    defer { places[place] = Int32(truncatingIfNeeded: position) }
    return Int(places[place])
  }
}
