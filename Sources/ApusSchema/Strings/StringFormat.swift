/// The formats of strings that are kept, as patterns for the whole text.
enum StringFormat {
  /// The pattern of a format; nil where the format says nothing that is checked.
  static func pattern(_ name: String) -> TextPattern? {
    patterns[name].map { TextPattern(text: $0, isWhole: true) }
  }

  /// Formats of JSON Schema that no pattern can say exactly.
  static let refused: Set<String> = ["regex", "idn-hostname", "uri-template"]

  private static let patterns: [String: String] = [
    "date": date, "time": time, "date-time": "(?:\(date))[Tt](?:\(time))", "duration": duration,
    "email": "(?:\(localPart))@(?:\(label)(?:\\.\(label))*|\\[(?:\(ipv4)|IPv6:(?:\(ipv6)))\\])",
    "idn-email": "[^\\s@]+@[^\\s@]+",
    "hostname": "(?=.{1,253}$)\(label)(?:\\.\(label))*",
    "ipv4": ipv4, "ipv6": ipv6, "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "uri": uri(""), "uri-reference": "(?:\(uri("")))|(?:\(relativeReference("")))",
    "iri": uri(beyondASCII), "iri-reference": "(?:\(uri(beyondASCII)))|(?:\(relativeReference(beyondASCII)))",
    "json-pointer": pointer, "relative-json-pointer": "(?:0|[1-9][0-9]*)(?:#|\(pointer))",
  ]

  private static let date =
    "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29"
  private static let time =
    "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
  private static let clock = "(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
  private static let duration =
    "P(?:[0-9]+W|T\(clock)|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:T\(clock))?)"
  private static let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
  private static let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
  private static let localPart = "\(atom)(?:\\.\(atom))*|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\""
  private static let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
  private static let ipv4 = "\(octet)(?:\\.\(octet)){3}"
  private static let hex = "[0-9A-Fa-f]{1,4}"
  private static let ipv6: String = {
    let end = "(?:\(hex):\(hex)|\(ipv4))"
    var forms = ["(?:\(hex):){6}\(end)", "::(?:\(hex):){5}\(end)"]
    for before in 0...4 {
      let lead = before == 0 ? "(?:\(hex))?" : "(?:(?:\(hex):){0,\(before)}\(hex))?"
      forms.append("\(lead)::(?:\(hex):){\(4 - before)}\(end)")
    }
    forms += ["(?:(?:\(hex):){0,5}\(hex))?::\(hex)", "(?:(?:\(hex):){0,6}\(hex))?::"]
    return forms.joined(separator: "|")
  }()
  private static let pointer = "(?:/(?:[^~/]|~[01])*)*"
  /// Characters that IRIs have beside those of URIs.
  private static let beyondASCII = "\\u{A0}-\\u{D7FF}\\u{E000}-\\u{FDCF}\\u{FDF0}-\\u{FFEF}\\u{10000}-\\u{EFFFD}"

  private static func uri(_ more: String) -> String {
    "[A-Za-z][A-Za-z0-9+.-]*:(?:\(hierarchy(more, first: character(more))))\(ending(more))"
  }

  private static func relativeReference(_ more: String) -> String {
    "(?:\(hierarchy(more, first: "(?:[A-Za-z0-9._~!$&'()*+,;=@\(more)-]|%[0-9A-Fa-f]{2})")))\(ending(more))"
  }

  /// A character of a path.
  private static func character(_ more: String) -> String {
    "(?:[A-Za-z0-9._~!$&'()*+,;=:@\(more)-]|%[0-9A-Fa-f]{2})"
  }

  private static func ending(_ more: String) -> String {
    let character = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\(more)-]|%[0-9A-Fa-f]{2})"
    return "(?:\\?\(character)*)?(?:#\(character)*)?"
  }

  /// Authority and path; `first` is what a path without a slash consists of up to one.
  private static func hierarchy(_ more: String, first: String) -> String {
    let segment = "\(character(more))*"
    let user = "(?:[A-Za-z0-9._~!$&'()*+,;=:\(more)-]|%[0-9A-Fa-f]{2})*@"
    let name = "(?:[A-Za-z0-9._~!$&'()*+,;=\(more)-]|%[0-9A-Fa-f]{2})*"
    let literal = "\\[(?:\(ipv6)|[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]"
    let authority = "(?:\(user))?(?:\(literal)|\(name))(?::[0-9]*)?"
    return "//\(authority)(?:/\(segment))*|/(?:\(character(more))+(?:/\(segment))*)?|\(first)+(?:/\(segment))*|"
  }
}
