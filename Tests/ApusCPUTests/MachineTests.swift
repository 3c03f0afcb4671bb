internal import ApusCPU
internal import ApusTestSupport
internal import Foundation
internal import Testing

/// What a process may use, read from made-up `/proc` and `/sys` trees.
struct MachineTests {
  private func machine(_ files: [String: String]) throws -> Machine {
    let folder = try TemporaryFolder()
    for (name, text) in files {
      let url = URL(fileURLWithPath: folder.path(name))
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    return Machine.current(root: folder.path(""))
  }

  private static let status = ["proc/self/status": "Name:\tapus\nCpus_allowed:\tff,0000000f\n"]

  @Test("Without a quota there is a thread for every CPU in the affinity mask")
  func affinity() throws {
    #expect(try machine(Self.status).threadCount == 12)
  }

  @Test(
    "A quota is rounded down, never to less than one thread",
    arguments: [("150000 100000", 1), ("50000 100000", 1), ("399999 100000", 3), ("max 100000", 12), ("1 0", 12)])
  func quotaVersion2(text: String, threads: Int) throws {
    let files = ["proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": text + "\n"]
    #expect(try machine(files.merging(Self.status) { $1 }).threadCount == threads)
  }

  @Test("The quota of control groups version 1 counts too")
  func quotaVersion1() throws {
    let files = [
      "proc/self/cgroup": "4:cpu,cpuacct:/x\n2:memory:/y\n", "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "250000\n",
      "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n", "sys/fs/cgroup/memory/y/memory.limit_in_bytes": "1000000\n",
      "sys/fs/cgroup/memory/y/memory.usage_in_bytes": "400000\n",
    ]
    let machine = try machine(files.merging(Self.status) { $1 })
    #expect(machine.threadCount == 2)
    #expect(machine.memoryLimit?.byteCount == 1_000_000)
    #expect(machine.memoryLimit?.usedByteCount == 400_000)
  }

  @Test("Free memory is the least of what kernel and control group leave, cached files counted as free")
  func memory() throws {
    let files = [
      "proc/self/cgroup": "0::/\n", "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\n",
      "sys/fs/cgroup/memory.max": "600000\n", "sys/fs/cgroup/memory.current": "500000\n",
      "sys/fs/cgroup/memory.stat": "anon 100000\ninactive_file 250000\nactive_file 50000\n",
    ]
    let machine = try machine(files)
    #expect(machine.memoryByteCount == 1_024_000)
    #expect(machine.freeByteCount == 400_000)
  }

  @Test("Nonsense in the files is no limit, and no trap")
  func nonsense() throws {
    let files = [
      "proc/self/cgroup": "::::\n0:\n0::/../../x\nx",
      "proc/meminfo": "MemTotal: 99999999999999999999 kB\nMemAvailable:",
      "sys/fs/cgroup/cpu.max": "nan inf", "sys/fs/cgroup/memory.max": "-5", "proc/self/status": "Cpus_allowed:",
    ]
    let machine = try machine(files)
    #expect(machine.threadCount >= 1)
    #expect(machine.memoryLimit == nil)
  }

  @Test("The last cache is the largest that the system lists")
  func lastCache() throws {
    let folder = "sys/devices/system/cpu/cpu0/cache/index"
    let files = [folder + "0/size": "32K\n", folder + "2/size": "512K\n", folder + "3/size": "32768K\n"]
    #expect(try machine(files).lastCacheByteCount == 32 << 20)
    #expect(try machine([:]).lastCacheByteCount == nil)
  }
}
