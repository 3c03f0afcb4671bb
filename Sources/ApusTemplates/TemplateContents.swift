/// How deep and how large what a container holds is, kept beside its items so that asking costs nothing.
struct TemplateContents {
  /// The deepest nesting, 0 where no item holds others.
  private(set) var nesting = 0
  /// The bytes of all texts, and 8 for every value; what is held twice counts twice.
  private(set) var weight = 0

  mutating func add(_ items: [TemplateValue]) {
    for item in items {
      nesting = max(nesting, item.nesting)
      weight = saturated(weight + item.weight)
    }
  }

  /// The nesting of the container; refused beyond the limit, as releasing and walking values recurses.
  func containerNesting() throws(TemplateError) -> Int {
    guard nesting < TemplateLimits.valueDepth else {
      throw .limit("values are nested deeper than \(TemplateLimits.valueDepth)")
    }
    return nesting + 1
  }
}

/// A weight far beyond every budget stands for all larger ones, so that a sum of many cannot overflow.
func saturated(_ weight: Int) -> Int { min(weight, 1 << 40) }

extension TemplateValue {
  /// The weight of a value that holds nothing.
  private static let least = 8

  /// The bytes of all texts in the value, and 8 for every value; O(1).
  var weight: Int {
    switch self {
    case .text(let text): Self.least + text.byteCount
    case .list(let sequence), .tuple(let sequence): Self.least + sequence.weight
    case .dictionary(let dictionary): Self.least + dictionary.weight
    case .view(let view): Self.least + view.dictionary.weight
    case .iterator(let iterator): Self.least + iterator.weight
    case .method(let method): method.receiver.weight
    case .cycler(let cycler): Self.least + cycler.items.weight
    case .joiner(let joiner): Self.least + joiner.separator.byteCount
    case .range(let range): Self.least * (1 + range.count)
    default: Self.least
    }
  }

  /// The bytes of a text, or 8 for every item of a container; O(1).
  var ownWeight: Int {
    switch self {
    case .text(let text): text.byteCount
    case .list(let sequence), .tuple(let sequence): Self.least * sequence.items.count
    case .dictionary(let dictionary): 2 * Self.least * dictionary.count
    case .view(let view): 2 * Self.least * view.dictionary.count
    case .iterator(let iterator): Self.least * iterator.count
    case .range(let range): Self.least * range.count
    default: 0
    }
  }

  /// The bytes of a text, 0 for all other values; O(1).
  var textByteCount: Int { if case .text(let text) = self { text.byteCount } else { 0 } }
}
