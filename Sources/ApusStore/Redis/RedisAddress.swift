internal import Foundation

/// Where a Redis or Valkey server is, and who asks it: `redis://user:password@host:port/database`.
struct RedisAddress: Sendable, Equatable {
  let host: String
  let port: Int
  let user: String?
  let password: String?
  /// The number of the database.
  let database: Int

  /// Reads an address; throws a sentence without any part of it, as it may hold a password.
  init(_ text: String) throws(StoreError) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else { throw Self.wrong }
    guard !["rediss", "valkeys"].contains(scheme) else {
      throw StoreError("TLS to Redis is not spoken; use redis:// on a network that is yours, or a tunnel")
    }
    guard ["redis", "valkey"].contains(scheme), parts.query == nil, parts.fragment == nil else { throw Self.wrong }
    guard let host = parts.host, !host.isEmpty else { throw Self.wrong }
    self.host = host.first == "[" ? String(host.dropFirst().dropLast()) : host
    guard (1...65_535).contains(parts.port ?? Self.usualPort) else { throw Self.wrong }
    port = parts.port ?? Self.usualPort
    user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
    password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
    guard user == nil || password != nil else { throw Self.wrong }
    let name = parts.path.drop { $0 == "/" }
    guard name.isEmpty || name.allSatisfy(\.isNumber), let database = name.isEmpty ? 0 : Int(name) else {
      throw Self.wrong
    }
    self.database = database
  }

  private static let usualPort = 6379

  private static var wrong: StoreError {
    StoreError("it is no address of Redis; write redis://user:password@host:6379/0")
  }

  /// The commands with which a connection begins.
  var greeting: [[[UInt8]]] {
    var commands: [[String]] = []
    if let password { commands.append(["AUTH"] + [user, password].compactMap(\.self)) }
    if database != 0 { commands.append(["SELECT", String(database)]) }
    commands.append(["PING"])
    return commands.map { $0.map { Array($0.utf8) } }
  }
}
