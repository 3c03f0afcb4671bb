internal import ApusStore
internal import ArgumentParser
internal import Logging

/// What keeps answers that need not be computed again.
struct CacheArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      What keeps answers to requests that have the same answer each time (temperature 0, or a seed): memory, memory:SIZE \
      such as memory:256M, redis://user:password@host:port/database (Redis or Valkey), or 'off'; by default memory:64M, \
      and off with --insecure.
      """,
      valueName: "memory|url|off"))
  var cache: CacheChoice?
  @Option(help: ArgumentHelp("How long the cache keeps an answer at most.", valueName: "seconds"))
  var cacheAge = 86_400

  func validate() throws {
    guard (1...31_536_000).contains(cacheAge) else {
      throw ValidationError("--cache-age must be 1 to 31536000, not \(cacheAge)")
    }
  }

  /// The cache; nil for none.
  ///
  /// Where everyone may ask (`isOpen`), what one asks is kept for all only if a cache is named.
  func open(isOpen: Bool, _ logger: Logger) async throws(Failure) -> (any ResponseCache)? {
    let age = Duration.seconds(cacheAge)
    switch cache ?? (isOpen ? .off : .memory(CacheChoice.usualByteCount)) {
    case .off: return nil
    case .memory(let byteCount): return MemoryCache(byteLimit: byteCount, age: age)
    case .redis(let address):
      do {
        return try await RedisCache(address: address, age: age) { error in
          logger.warning("the cache is not there yet; answers go on without it", metadata: ["error": "\(error)"])
        }
      } catch {
        throw Failure("the cache cannot be used: \(error); name another one, or off")
      }
    }
  }
}

/// What `--cache` names.
enum CacheChoice: ExpressibleByArgument, Equatable {
  case off
  /// So many bytes of this process's memory.
  case memory(Int)
  /// A server, by its address.
  case redis(String)

  static let usualByteCount = 64 << 20

  /// Nil where `argument` names no cache.
  ///
  /// What may be meant as an address is looked at when it is used: an error of the command line would show it, and the
  /// password in it.
  init?(argument: String) {
    switch argument {
    case "off", "none": self = .off
    case "memory": self = .memory(Self.usualByteCount)
    case _ where argument.contains("@") || argument.contains("://"): self = .redis(argument)
    case _ where argument.hasPrefix("redis:") || argument.hasPrefix("valkey:"): self = .redis(argument)
    default:
      guard argument.hasPrefix("memory:"), let size = ByteCount(argument: String(argument.dropFirst(7))) else {
        return nil
      }
      self = .memory(size.value)
    }
  }
}
