private import ApusSystem

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// What this process may use of the machine: CPUs and memory, control group limits included.
///
/// Linux: the affinity mask, `cpu.max` and `memory.max` of control groups v2 and their v1 counterparts
/// (kernel documentation, admin-guide/cgroup-v2.rst), of the process's own group and all groups above it.
package struct Machine: Sendable, Equatable {
  /// CPUs in the affinity mask.
  package var affinityCount: Int
  /// CPU time per second that the control groups allow, in CPUs; nil for no limit.
  package var cpuQuota: Double?
  /// Bytes of memory in the machine.
  package var memoryByteCount: Int
  /// Bytes that can be taken without swapping, as the kernel estimates; nil where it does not tell.
  package var availableByteCount: Int?
  /// Bytes that the control groups allow, and how many of them are taken, cached files left out; nil for no limit.
  package var memoryLimit: MemoryLimit?
  /// Bytes of the last cache before memory, perhaps shared with other machines; nil where the system does not tell.
  package var lastCacheByteCount: Int?

  /// Bytes of memory that this process has touched and that no file has; nil where the system does not tell.
  package var ownByteCount: Int?

  /// A control group's limit on memory.
  package struct MemoryLimit: Sendable, Equatable {
    package var byteCount: Int
    package var usedByteCount: Int
  }

  /// Threads to compute with: never more than the quota, rounded down, and at least one.
  package var threadCount: Int {
    let quota = cpuQuota.map { max(1, Int($0.clamped(to: 1...65_536))) } ?? .max
    return max(1, min(affinityCount, quota))
  }

  /// Why `threadCount` is what it is, in words.
  package var threadReason: String {
    guard let cpuQuota, Int(cpuQuota.clamped(to: 1...65_536)) < affinityCount else {
      return "the process may use \(affinityCount) CPUs"
    }
    let quota = (cpuQuota * 100).rounded() / 100
    return "the control group allows \(quota) of \(affinityCount) CPUs"
  }

  /// Bytes that a new allocation may take: the least of what the kernel and the control groups leave.
  package var freeByteCount: Int {
    var free = availableByteCount ?? memoryByteCount
    if let memoryLimit { free = min(free, max(0, memoryLimit.byteCount - memoryLimit.usedByteCount)) }
    return free
  }

  /// Looks at this machine.
  ///
  /// `root` is where `/proc` and `/sys` are looked for; tests put another folder there.
  package static func current(root: String = "") -> Machine {
    let groups = ControlGroups(root: root)
    let memory = MemoryInformation(text: readText(root + "/proc/meminfo"))
    return Machine(
      affinityCount: affinity(root), cpuQuota: groups.cpuQuota, memoryByteCount: memory.total ?? physicalMemory(),
      availableByteCount: memory.available, memoryLimit: groups.memoryLimit, lastCacheByteCount: lastCache(root),
      ownByteCount: ownByteCount(root))
  }

  /// Bytes of this process's own memory that lie in huge pages now; nil where the system does not tell.
  package static func hugePageByteCount() -> Int? {
    for line in (readText("/proc/self/smaps_rollup") ?? "").split(separator: "\n") where line.hasPrefix("AnonHuge") {
      return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
    return nil
  }

  /// The largest cache of the first CPU, as Linux lists them: `32768K`.
  private static func lastCache(_ root: String) -> Int? {
    (0..<8).compactMap { index -> Int? in
      let size = readText(root + "/sys/devices/system/cpu/cpu0/cache/index\(index)/size") ?? ""
      guard let kilobytes = Int(size.prefix { $0.isNumber }), kilobytes < 1 << 40 else { return nil }
      return kilobytes << 10
    }.max()
  }

  /// Linux, proc_pid_status(5): `RssAnon: 1234 kB`.
  private static func ownByteCount(_ root: String) -> Int? {
    let lines = (readText(root + "/proc/self/status") ?? "").split(separator: "\n")
    let words = lines.first { $0.hasPrefix("RssAnon:") }?.split { $0 == " " || $0 == "\t" } ?? []
    guard words.count >= 2, let kilobytes = Int(words[1]), kilobytes < 1 << 50 else { return nil }
    return kilobytes << 10
  }

  /// CPUs in the mask that `/proc/self/status` gives in hexadecimal; where there is none, all CPUs that are online.
  private static func affinity(_ root: String) -> Int {
    let lines = (readText(root + "/proc/self/status") ?? "").split(separator: "\n")
    let mask = lines.first { $0.hasPrefix("Cpus_allowed:") }?.dropFirst("Cpus_allowed:".count) ?? ""
    let count = mask.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
    return count > 0 ? count : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  private static func physicalMemory() -> Int {
    max(0, Int(sysconf(Int32(_SC_PHYS_PAGES)))) * max(0, Int(sysconf(Int32(_SC_PAGESIZE))))
  }
}

/// The contents of a small text file, or nil.
private func readText(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

/// The two lines of `/proc/meminfo` that matter, in bytes.
private struct MemoryInformation {
  var total: Int?
  var available: Int?

  init(text: String?) {
    for line in (text ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kilobytes = Int(words[1]), kilobytes < 1 << 50 else { continue }
      if words[0] == "MemTotal:" { total = kilobytes << 10 }
      if words[0] == "MemAvailable:" { available = kilobytes << 10 }
    }
  }
}

/// The limits of the control groups that this process is in.
private struct ControlGroups {
  var cpuQuota: Double?
  var memoryLimit: Machine.MemoryLimit?

  init(root: String) {
    for line in (readText(root + "/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let path = String(fields[2])
      if fields[0] == "0" { readVersion2(root + "/sys/fs/cgroup", path) }
      let controllers = fields[1].split(separator: ",")
      if controllers.contains("cpu") { readVersion1CPU(root + "/sys/fs/cgroup/cpu", path) }
      if controllers.contains("memory") { readVersion1Memory(root + "/sys/fs/cgroup/memory", path) }
    }
  }

  /// `mount` and the folders below it down to `path`: a limit anywhere on the way holds.
  private func folders(_ mount: String, _ path: String) -> [String] {
    var folders = [mount]
    for name in path.split(separator: "/") where name != ".." {
      folders.append(folders[folders.count - 1] + "/" + name)
    }
    return folders
  }

  private mutating func readVersion2(_ mount: String, _ path: String) {
    for folder in folders(mount, path) {
      let words = (readText(folder + "/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }
      if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]) { limitCPU(quota, period) }
      limitMemory(
        readText(folder + "/memory.max"), used: readText(folder + "/memory.current"),
        cached: cachedByteCount(readText(folder + "/memory.stat"), ["active_file", "inactive_file"]))
    }
  }

  private mutating func readVersion1CPU(_ mount: String, _ path: String) {
    for folder in folders(mount, path) {
      guard let quota = number(readText(folder + "/cpu.cfs_quota_us")),
        let period = number(readText(folder + "/cpu.cfs_period_us"))
      else { continue }
      limitCPU(Double(quota), Double(period))
    }
  }

  private mutating func readVersion1Memory(_ mount: String, _ path: String) {
    for folder in folders(mount, path) {
      limitMemory(
        readText(folder + "/memory.limit_in_bytes"), used: readText(folder + "/memory.usage_in_bytes"),
        cached: cachedByteCount(readText(folder + "/memory.stat"), ["total_active_file", "total_inactive_file"]))
    }
  }

  private mutating func limitCPU(_ quota: Double, _ period: Double) {
    guard quota > 0, period > 0 else { return }
    cpuQuota = min(cpuQuota ?? .infinity, quota / period)
  }

  /// Bytes of cached files, which the kernel gives up when memory is wanted.
  private func cachedByteCount(_ text: String?, _ names: Set<Substring>) -> Int {
    (text ?? "").split(separator: "\n").reduce(0) { sum, line in
      let words = line.split(separator: " ")
      guard words.count == 2, names.contains(words[0]), let bytes = Int(words[1]), bytes < 1 << 50 else { return sum }
      return sum + max(0, bytes)
    }
  }

  private mutating func limitMemory(_ limit: String?, used: String?, cached: Int) {
    // Version 1 writes "no limit" as a number near the largest.
    guard let bytes = number(limit), bytes > 0, bytes < 1 << 60, bytes < memoryLimit?.byteCount ?? .max else { return }
    memoryLimit = Machine.MemoryLimit(byteCount: bytes, usedByteCount: max(0, (number(used) ?? 0) - cached))
  }

  private func number(_ text: String?) -> Int? {
    text.flatMap { Int($0.split { $0 == "\n" || $0 == " " }.first ?? "") }
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
