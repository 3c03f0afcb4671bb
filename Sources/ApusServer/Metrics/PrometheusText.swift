/// What is measured as Prometheus reads it: its text format, version 0.0.4.
struct PrometheusText {
  private(set) var text = ""
  private var last = ""

  /// The type of the answer.
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Writes samples, of which those of one label stand together; `help` says what a name means.
  init(_ samples: [MetricSample], help: [String: String] = [:]) {
    for sample in samples { write(sample, help) }
  }

  private mutating func write(_ sample: MetricSample, _ help: [String: String]) {
    let (name, type): (String, String) =
      switch sample.kind {
      case .counter: (sample.label.hasSuffix("_total") ? sample.label : sample.label + "_total", "counter")
      case .gauge: (sample.label, "gauge")
      case .amounts: (sample.label, "histogram")
      case .times: (sample.label.hasSuffix("_seconds") ? sample.label : sample.label + "_seconds", "histogram")
      }
    if name != last {
      if let words = help[sample.label] { text += "# HELP \(name) \(words)\n" }
      text += "# TYPE \(name) \(type)\n"
      last = name
    }
    guard type == "histogram" else { return line(name, sample.dimensions, sample.value.number) }
    for group in sample.value.groups {
      line(name + "_bucket", sample.dimensions + ["le", Self.number(group.bound)], Double(group.count))
    }
    line(name + "_bucket", sample.dimensions + ["le", "+Inf"], Double(sample.value.count))
    line(name + "_sum", sample.dimensions, sample.value.number)
    line(name + "_count", sample.dimensions, Double(sample.value.count))
  }

  private mutating func line(_ name: String, _ dimensions: [String], _ value: Double) {
    text += name
    if !dimensions.isEmpty {
      let pairs = stride(from: 0, to: dimensions.count - 1, by: 2).map { index in
        "\(dimensions[index])=\"\(Self.escaped(dimensions[index + 1]))\""
      }
      text += "{" + pairs.joined(separator: ",") + "}"
    }
    text += " \(Self.number(value))\n"
  }

  /// A number without a fraction where it has none.
  private static func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }

  private static func escaped(_ value: String) -> String {
    value.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
