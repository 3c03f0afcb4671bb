internal import ApusJSON

/// A schema's document: where references in it lead.
///
/// A resource is a schema with an `$id` of its own, and the root. Nothing is ever fetched.
struct SchemaDocument {
  private(set) var resources: [Resource] = []
  private var resourceOfURI: [String: Int] = [:]
  private var anchors: [SchemaNode.Reference: (value: JSONValue, place: Place)] = [:]
  let draft: Draft

  struct Resource {
    let uri: String
    let value: JSONValue
    let place: Place
  }

  /// A version of JSON Schema, as far as versions differ in what is kept.
  enum Draft: Comparable {
    case four, sixOrSeven, modern

    init(_ schema: JSONValue) {
      guard case .string(let name)? = schema["$schema"] else {
        self = .modern
        return
      }
      if name.contains("draft-03") || name.contains("draft-04") {
        self = .four
      } else if name.contains("draft-06") || name.contains("draft-07") || name.contains("draft-05") {
        self = .sixOrSeven
      } else {
        self = .modern
      }
    }

    /// Until draft 7 what stands beside `$ref` says nothing.
    var ignoresSiblingsOfReferences: Bool { self < .modern }
    fileprivate var identifier: String { self == .four ? "id" : "$id" }
  }

  init(_ schema: JSONValue) {
    draft = Draft(schema)
    let root = Place()
    let uri = Self.identifier(of: schema, draft) ?? ""
    add(Resource(uri: Self.withoutFragment(uri), value: schema, place: root))
    collect(schema, root, resource: 0, depth: 0)
  }

  private mutating func add(_ resource: Resource) {
    if resourceOfURI[resource.uri] == nil { resourceOfURI[resource.uri] = resources.count }
    resources.append(resource)
  }

  private static func identifier(of schema: JSONValue, _ draft: Draft) -> String? {
    if case .string(let text)? = schema[draft.identifier] { text } else { nil }
  }

  private static func withoutFragment(_ uri: String) -> String {
    uri.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
  }

  /// Notes the resources and anchors below a value.
  private mutating func collect(_ value: JSONValue, _ place: Place, resource: Int, depth: Int) {
    guard depth < JSONParser.maximumDepth else { return }
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        if case .object = element { collect(element, place.at(index), resource: resource, depth: depth + 1) }
      }
    case .object(let object):
      let resource = note(value, place, resource)
      for (key, member) in zip(object.keys, object.values) {
        switch member {
        case .object, .array:
          guard key != "enum", key != "const" else { continue }
          collect(member, place.at(key), resource: resource, depth: depth + 1)
        default: break
        }
      }
    default: break
    }
  }

  /// Notes what a schema is called; gives the resource that it belongs to.
  private mutating func note(_ schema: JSONValue, _ place: Place, _ resource: Int) -> Int {
    for key in ["$anchor", "$dynamicAnchor"] {
      if case .string(let name)? = schema[key] {
        anchors[SchemaNode.Reference(resource: resource, text: name)] = (schema, place)
      }
    }
    guard resources.count < 10_000, let text = Self.identifier(of: schema, draft), !text.isEmpty else {
      return resource
    }
    if text.hasPrefix("#") {
      anchors[SchemaNode.Reference(resource: resource, text: String(text.dropFirst()))] = (schema, place)
      return resource
    }
    let uri = Self.withoutFragment(Self.join(resources[resource].uri, text))
    guard uri != resources[resource].uri else { return resource }
    add(Resource(uri: uri, value: schema, place: place))
    return resources.count - 1
  }

  /// A reference seen from a base, as far as RFC 3986 matters here.
  private static func join(_ base: String, _ reference: String) -> String {
    if reference.contains(":") || base.isEmpty { return reference }
    if reference.hasPrefix("#") { return withoutFragment(base) + reference }
    let authority = base.firstRange(of: "://").flatMap { start in base[start.upperBound...].firstIndex(of: "/") }
    if reference.hasPrefix("/") { return base[..<(authority ?? base.endIndex)] + reference }
    guard let slash = base.lastIndex(of: "/"), authority.map({ slash >= $0 }) ?? !base.contains("://") else {
      return base.contains("://") ? base + "/" + reference : reference
    }
    return base[...slash] + reference
  }

  /// Where a reference leads; throws with a reason if that is not in this document.
  func resolve(
    _ reference: SchemaNode.Reference
  ) throws(NotComputable) -> (value: JSONValue, place: Place, resource: Int) {
    let whole = Self.join(resources[reference.resource].uri, reference.text)
    let parts = whole.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let uri = String(parts.first ?? "")
    let fragment = parts.count > 1 ? Self.decoded(parts[1]) : ""
    guard let resource = reference.text.hasPrefix("#") ? reference.resource : resourceOfURI[uri] else {
      throw NotComputable(reason: "it leads out of this schema: put the schema that it means under $defs")
    }
    if fragment.isEmpty || fragment.hasPrefix("/") { return try follow(fragment, from: resource) }
    if let anchor = anchors[SchemaNode.Reference(resource: resource, text: fragment)] {
      return (anchor.value, anchor.place, resource)
    }
    throw NotComputable(reason: "there is no schema of that name")
  }

  private func follow(
    _ pointer: String, from resource: Int
  ) throws(NotComputable) -> (value: JSONValue, place: Place, resource: Int) {
    var (value, place, resource) = (resources[resource].value, resources[resource].place, resource)
    for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      var key = String(step)
      if key.utf8.contains(UInt8(ascii: "~")) { key = key.replacing("~1", with: "/").replacing("~0", with: "~") }
      switch value {
      case .object(let object):
        guard let member = object[key] else { throw NotComputable(reason: "there is nothing at that place") }
        value = member
      case .array(let elements):
        guard let index = Int(key), elements.indices.contains(index) else {
          throw NotComputable(reason: "there is nothing at that place")
        }
        value = elements[index]
      default: throw NotComputable(reason: "there is nothing at that place")
      }
      place = place.at(key)
      if let text = Self.identifier(of: value, draft), !text.hasPrefix("#"), !text.isEmpty,
        let inner = resourceOfURI[Self.withoutFragment(Self.join(resources[resource].uri, text))]
      {
        resource = inner
      }
    }
    return (value, place, resource)
  }

  /// The resource that a schema begins, where it begins one.
  func resource(of schema: JSONValue, within resource: Int) -> Int {
    guard resources.count > 1, let text = Self.identifier(of: schema, draft), !text.isEmpty, !text.hasPrefix("#") else {
      return resource
    }
    return resourceOfURI[Self.withoutFragment(Self.join(resources[resource].uri, text))] ?? resource
  }

  /// A fragment without its percent signs.
  private static func decoded(_ fragment: Substring) -> String {
    guard fragment.contains("%") else { return String(fragment) }
    var bytes: [UInt8] = []
    var rest = fragment.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
