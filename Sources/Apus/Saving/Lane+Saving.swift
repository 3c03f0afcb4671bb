internal import ApusCore
internal import ApusModels

// What callers have a lane do between two steps, a megabyte at a time, so that no stream waits long.

extension Lane {
  /// The bytes of some parts of a text; nil where what is needed to go on behind it is no longer there.
  mutating func read(_ parts: Range<Int>, _ kind: SavedState.Kind, of saved: SavedText) -> [UInt8]? {
    guard let places = scheduler.places(of: parts, kind, of: saved), let size = saved.sizes[kind]?.byteCount
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: places.count * size)
    var span = bytes.mutableSpan
    for (index, place) in places.enumerated() {
      var part = span._mutatingExtracting(index * size..<(index + 1) * size)
      model.backend.read(place, of: cache, into: &part)
    }
    return bytes
  }

  /// Takes in some blocks of a text, `bytes` being those of all parts that go with them; false where that ends it.
  mutating func restore(_ blocks: Range<Int>, of saved: SavedText, _ bytes: [SavedState.Kind: [UInt8]]) -> Bool {
    let (backend, cache) = (model.backend, cache)
    let isWhole = scheduler.restore(blocks, of: saved) { place, index in
      let (kind, part) =
        switch place {
        case .block(.full, _): (SavedState.Kind.full, index - blocks.lowerBound)
        case .block(.windowed, _): (.windowed, index - max(blocks.lowerBound, saved.firstWindowBlock))
        case .slot: (.states, 0)
        }
      guard let bytes = bytes[kind], let size = saved.sizes[kind]?.byteCount else { return }
      backend.write(bytes.span.extracting(part * size..<(part + 1) * size), to: place, of: cache)
    }
    let (scheduler, proposers) = settled()
    inbox.note { $0.note(scheduler, proposers) }
    return isWhole
  }
}
