internal import HTTPTypes
internal import Hummingbird
internal import Metrics

extension HTTPField.Name {
  fileprivate static let variant = HTTPField.Name("X-Apus-Variant")
}

extension Request {
  /// The variant that shall answer, where a client of any dialect names one.
  var variant: String? { HTTPField.Name.variant.flatMap { headers[$0] } }
}

extension Response {
  /// The variant that has answered, as clients of all dialects are told.
  var variant: String? {
    get { HTTPField.Name.variant.flatMap { headers[$0] } }
    set { if let name = HTTPField.Name.variant { headers[name] = newValue } }
  }
}

extension ModelService {
  /// Counts a request for a name that models share.
  func note(variant: String, of name: String) {
    Counter(
      label: "apus_variant_requests", dimensions: [("name", name), ("variant", variant)], factory: registry
    ).increment()
  }
}
