/// How JSON text is laid out; the names and defaults are those of Python's `json.dumps`.
package struct JSONStyle: Sendable {
  /// What one level of nesting is indented by; nil keeps everything on one line.
  package var indent: [UInt8]?
  /// What stands between two elements.
  package var itemSeparator: [UInt8]
  /// What stands between a key and its value.
  package var keySeparator: [UInt8]
  /// Whether all but ASCII is written as `\u` escapes.
  package var ensureASCII: Bool

  /// Python's `json.dumps(value, ensure_ascii=False)`.
  package static let python = JSONStyle()
  /// The shortest form: `{"a":1,"b":[2,3]}`.
  package static let compact = JSONStyle(itemSeparator: Array(",".utf8), keySeparator: Array(":".utf8))

  /// Makes a style.
  package init(
    indent: [UInt8]? = nil, itemSeparator: [UInt8]? = nil, keySeparator: [UInt8] = Array(": ".utf8),
    ensureASCII: Bool = false
  ) {
    self.indent = indent
    self.itemSeparator = itemSeparator ?? Array((indent == nil ? ", " : ",").utf8)
    self.keySeparator = keySeparator
    self.ensureASCII = ensureASCII
  }
}

/// Appends JSON tokens to a byte buffer in a style.
package struct JSONWriter {
  /// The layout.
  package let style: JSONStyle
  /// What was written.
  package private(set) var bytes: [UInt8] = []
  private var level = 0

  /// A writer that has written nothing.
  package init(style: JSONStyle) { self.style = style }

  /// Writes a text as it is.
  package mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Begins an array or an object.
  package mutating func open(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    level += 1
  }

  /// Separates elements and starts a line where the style has lines.
  package mutating func element(isFirst: Bool) {
    if !isFirst { bytes.append(contentsOf: style.itemSeparator) }
    newline()
  }

  /// Separates a key, which was just written, from its value.
  package mutating func separateKey() { bytes.append(contentsOf: style.keySeparator) }

  /// Ends an array or an object.
  package mutating func close(_ bracket: Unicode.Scalar, isEmpty: Bool) {
    level -= 1
    if !isEmpty { newline() }
    bytes.append(UInt8(ascii: bracket))
  }

  /// What a line at the present nesting costs in bytes; for callers that bound the text before it is made.
  package var lineByteCount: Int { 1 + (style.indent?.count ?? 0) * level }

  private mutating func newline() {
    guard let indent = style.indent else { return }
    bytes.append(0x0A)
    for _ in 0..<level { bytes.append(contentsOf: indent) }
  }

  /// Writes a number; what is none as Python does.
  package mutating func double(_ value: Double) {
    if value.isFinite {
      raw(pythonDescription(of: value))
    } else {
      raw(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }
  }

  /// Writes a string with its quotes.
  package mutating func string(_ utf8: [UInt8]) {
    quote()
    content(utf8[...])
    quote()
  }

  /// Writes one quote of a string.
  package mutating func quote() { bytes.append(0x22) }

  /// A string's text or a part of it, without the quotes around it.
  package mutating func content(_ utf8: ArraySlice<UInt8>) {
    if style.ensureASCII {
      for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars { asciiScalar(scalar) }
    } else {
      for byte in utf8 { if !escape(byte) { bytes.append(byte) } }
    }
  }

  private mutating func asciiScalar(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x7F {
      let byte = UInt8(scalar.value)
      if !escape(byte) { bytes.append(byte) }
    } else {
      for unit in String(scalar).utf16 { unicodeEscape(unit) }
    }
  }

  /// Writes the escape of a byte that needs one in any style.
  private mutating func escape(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x22: raw("\\\"")
    case 0x5C: raw("\\\\")
    case 0x0A: raw("\\n")
    case 0x0D: raw("\\r")
    case 0x09: raw("\\t")
    case 0x08: raw("\\b")
    case 0x0C: raw("\\f")
    case 0..<0x20: unicodeEscape(UInt16(byte))
    default: return false
    }
    return true
  }

  private mutating func unicodeEscape(_ unit: UInt16) {
    raw("\\u")
    for shift: UInt16 in [12, 8, 4, 0] {
      let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}

extension JSONValue {
  /// The JSON text of this value in UTF-8; NaN and infinities are written as Python does.
  package func serialized(_ style: JSONStyle = .python) -> [UInt8] {
    var writer = JSONWriter(style: style)
    write(to: &writer)
    return writer.bytes
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.raw("null")
    case .bool(let value): writer.raw(value ? "true" : "false")
    case .int(let value): writer.raw(String(value))
    case .unsigned(let value): writer.raw(String(value))
    case .double(let value): writer.double(value)
    case .string(let value): writer.string(Array(value.utf8))
    case .array(let elements):
      writer.open("[")
      for (index, element) in elements.enumerated() {
        writer.element(isFirst: index == 0)
        element.write(to: &writer)
      }
      writer.close("]", isEmpty: elements.isEmpty)
    case .object(let object):
      writer.open("{")
      for (index, (key, value)) in zip(object.keys, object.values).enumerated() {
        writer.element(isFirst: index == 0)
        writer.string(Array(key.utf8))
        writer.separateKey()
        value.write(to: &writer)
      }
      writer.close("}", isEmpty: object.count == 0)
    }
  }
}
