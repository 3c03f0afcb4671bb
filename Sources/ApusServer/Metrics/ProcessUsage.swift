internal import Foundation

/// What the process takes of its machine, as the kernel of Linux tells it; nothing of it elsewhere.
///
/// The names are those that Prometheus' own libraries have for it.
package struct ProcessUsage: Sendable, Equatable {
  /// Seconds of processors, those of the kernel for the process included.
  package private(set) var processorTime: Double?
  /// Bytes of memory that it holds, and that it has addresses for.
  package private(set) var residentBytes: Int?
  package private(set) var virtualBytes: Int?
  package private(set) var openDescriptors: Int?

  /// Reads the texts of `/proc/self/stat` and `/proc/self/status`; what is not in them is nil.
  ///
  /// - Parameters:
  ///   - stat: Its fields from the third on stand behind the last `)`, as the name before may hold anything.
  ///   - status: Lines such as `VmRSS:  123 kB`.
  ///   - openDescriptors: How many files are open, if that is known.
  package init(stat: String, status: String, openDescriptors: Int?) {
    self.openDescriptors = openDescriptors
    let fields = stat.utf8.lastIndex(of: UInt8(ascii: ")")).map { stat[$0...].split(separator: " ").dropFirst() } ?? []
    // The 14th and 15th, in the hundredths of a second that programs are told times in.
    let times = fields.dropFirst(11).prefix(2).compactMap { Double($0) }
    if times.count == 2 { processorTime = (times[0] + times[1]) / 100 }
    for line in status.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count > 1, let kilobytes = Int(words[1]), kilobytes < Int.max / 1024 else { continue }
      if words[0] == "VmRSS:" { residentBytes = kilobytes * 1024 }
      if words[0] == "VmSize:" { virtualBytes = kilobytes * 1024 }
    }
  }

  /// What this process takes now.
  static var now: ProcessUsage {
    func text(_ name: String) -> String { (try? String(contentsOfFile: "/proc/self/" + name, encoding: .utf8)) ?? "" }
    let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    return ProcessUsage(stat: text("stat"), status: text("status"), openDescriptors: descriptors)
  }

  /// The same as it is measured, with the time at which the server started, in seconds since 1970.
  func samples(started: Int) -> [MetricSample] {
    func sample(_ label: String, _ value: Double?, _ kind: MetricSeries.Kind = .gauge) -> MetricSample? {
      value.map { MetricSample(label: label, dimensions: [], kind: kind, value: MetricSeries.Value(number: $0)) }
    }
    return [
      sample("process_cpu_seconds", processorTime, .counter),
      sample("process_resident_memory_bytes", residentBytes.map(Double.init)),
      sample("process_virtual_memory_bytes", virtualBytes.map(Double.init)),
      sample("process_open_fds", openDescriptors.map(Double.init)),
      sample("process_start_time_seconds", Double(started)),
    ].compactMap(\.self)
  }
}
