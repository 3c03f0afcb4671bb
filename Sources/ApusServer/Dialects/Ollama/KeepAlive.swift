internal import Apus
internal import ApusJSON

/// How long a model stays loaded after a request, as the request wants it.
enum KeepAlive: Sendable, Equatable {
  /// As it is set up, or as an earlier request wanted it.
  case asBefore
  /// Until so much time has passed without another request; none at all is at once.
  case time(Duration)
  case forever

  /// Beyond this it is for ever: a thousand years, which no clock overflows.
  private static let longest = Duration.seconds(1 << 35)

  /// So many seconds.
  init(seconds: Double) {
    self = seconds < 0 || seconds >= Self.longest / .seconds(1) ? .forever : .time(.seconds(seconds))
  }

  /// Lets the model stay as wanted; a client that shares it with those of other keys cannot make it go earlier.
  func apply(to lease: ModelLease, by key: APIKey?) {
    let isAtLeast = !key.mayChangeModels
    switch self {
    case .asBefore: break
    case .time(let time): lease.keepLoaded(for: time, isAtLeast: isAtLeast)
    case .forever: lease.keepLoaded(for: nil, isAtLeast: isAtLeast)
    }
  }
}

extension RequestFields {
  /// `keep_alive`: seconds as a number, or a duration as Go writes it; what is negative is for ever.
  func keepAlive() throws(Refusal) -> KeepAlive {
    let seconds: Double?
    switch self["keep_alive"] {
    case nil: return .asBefore
    case .string(let text)?: seconds = goDuration(text)
    case let value?: seconds = value.number
    }
    guard let seconds else { throw mismatch("keep_alive", "a number of seconds, or a duration such as \"5m\"") }
    return KeepAlive(seconds: seconds)
  }
}

/// The seconds of a duration as Go writes it: numbers with units, such as `1h30m`, `-1m`, `1.5s` or `0`.
private func goDuration(_ text: String) -> Double? {
  guard text.utf8.count <= 64 else { return nil }
  var rest = text.utf8[...]
  let isNegative = rest.first == UInt8(ascii: "-")
  if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
  if rest.elementsEqual("0".utf8) { return 0 }
  var total = 0.0
  repeat {
    let number = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
    rest.removeFirst(number.count)
    let unit = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) && $0 != UInt8(ascii: ".") }
    rest.removeFirst(unit.count)
    guard let value = Double(String(Substring(number))), let factor = secondsPerUnit[String(Substring(unit))] else {
      return nil
    }
    total += value * factor
  } while !rest.isEmpty
  return isNegative ? -total : total
}

private let secondsPerUnit: [String: Double] = [
  "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600,
]
