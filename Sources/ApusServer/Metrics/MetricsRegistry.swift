package import Metrics
internal import Synchronization

/// Keeps what is measured in this process, for whoever asks: a backend of swift-metrics.
///
/// A label with the same dimensions is one series, whoever makes it. There is a bound on series: more are not kept.
package final class MetricsRegistry: MetricsFactory {
  struct Key: Hashable, Comparable {
    let label: String
    /// Names and values in turns.
    let dimensions: [String]

    static func < (a: Key, b: Key) -> Bool {
      a.label == b.label ? a.dimensions.lexicographicallyPrecedes(b.dimensions) : a.label < b.label
    }
  }

  private static let limit = 4096
  private let all = Mutex<[Key: MetricSeries]>([:])

  package init() {}

  /// All series as they are now, those of one label together.
  var samples: [MetricSample] {
    let all = all.withLock { $0 }
    return all.sorted { $0.key < $1.key }.map { key, series in
      MetricSample(label: key.label, dimensions: key.dimensions, kind: series.kind, value: series.value)
    }
  }

  private func series(_ label: String, _ dimensions: [(String, String)], _ kind: MetricSeries.Kind) -> MetricSeries {
    let key = Key(label: label, dimensions: dimensions.flatMap { [$0.0, $0.1] })
    return all.withLock { all in
      if let known = all[key] { return known }
      let new = MetricSeries(kind)
      if all.count < Self.limit { all[key] = new }
      return new
    }
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge)
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    series(label, dimensions, aggregate ? .amounts : .gauge)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .times)
  }

  // A model that is unloaded keeps what was counted of it.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}

/// One series as it is at a moment.
struct MetricSample: Sendable {
  var label: String
  /// Names and values in turns.
  var dimensions: [String]
  let kind: MetricSeries.Kind
  var value: MetricSeries.Value
}

/// One thing that is measured.
final class MetricSeries: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  enum Kind: Sendable {
    case counter
    case gauge
    /// How large, and how often so: counts of tokens, and seconds.
    case amounts
    case times

    /// Where one group ends and the next begins.
    fileprivate var bounds: [Double] {
      switch self {
      case .counter, .gauge: []
      case .amounts: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5]
      case .times:
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500]
      }
    }
  }

  /// A number; or how many were recorded, their sum, and how many were at most so large.
  struct Value: Sendable, Equatable {
    var number = 0.0
    var count = 0
    var groups: [(bound: Double, count: Int)] = []

    static func == (a: Value, b: Value) -> Bool {
      a.number == b.number && a.count == b.count && a.groups.map(\.count) == b.groups.map(\.count)
    }
  }

  let kind: Kind
  private let state: Mutex<Value>

  init(_ kind: Kind) {
    self.kind = kind
    state = Mutex(Value(groups: kind.bounds.map { ($0, 0) }))
  }

  /// What was measured until now; each group holds those before it.
  var value: Value {
    var value = state.withLock { $0 }
    for index in value.groups.indices.dropFirst() { value.groups[index].count += value.groups[index - 1].count }
    return value
  }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { state.withLock { $0.number += amount } }
  func decrement(by amount: Double) { increment(by: -amount) }
  func reset() { set(0.0) }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { state.withLock { $0.number = value } }
  func record(_ value: Int64) { record(Double(value)) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Double) {
    guard !kind.bounds.isEmpty else { return set(value) }
    state.withLock { state in
      state.number += value
      state.count += 1
      if let group = state.groups.firstIndex(where: { value <= $0.bound }) { state.groups[group].count += 1 }
    }
  }
}
