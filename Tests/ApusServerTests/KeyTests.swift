internal import ApusServer
internal import Synchronization
internal import Testing

struct KeyTests {
  private static let digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

  @Test func `A key's hash is SHA-256, written in hexadecimal`() {
    #expect(KeyDigest(of: "foo").text == Self.digest)
    #expect(KeyDigest(Self.digest) == KeyDigest(of: "foo") && KeyDigest(Self.digest.uppercased()) == nil)
    #expect(KeyDigest("sha256:" + Self.digest.dropFirst(7).uppercased()) == KeyDigest(of: "foo"))
    #expect(KeyDigest(of: "foo") != KeyDigest(of: "fop"))
    for text in [
      "", "sha256:", Self.digest + "0", String(Self.digest.dropLast()), "sha256:" + String(repeating: "g", count: 64),
    ] {
      #expect(KeyDigest(text) == nil)
    }
  }

  @Test func `A line says who a client is and what it may do`() throws {
    let text = """
      \u{FEFF}# our keys\r
      alice \(Self.digest) requests-per-minute=60 tokens-per-minute=20000 concurrent=2 models=small,b* expires=2027-01-31 admin\r

        bob\t\(KeyDigest(of: "bar").text)
      plain-key
      """
    let keys = try KeyFile.parse(Array(text.utf8))
    #expect(keys.map(\.name) == ["alice", "bob", "key 3"])
    #expect(keys[0].limits == UsageLimits(requestsPerMinute: 60, tokensPerMinute: 20000, concurrent: 2))
    #expect(keys[0].isAdmin && keys[0].expiry == 1_801_353_600)
    #expect(["small", "b", "big"].allSatisfy { keys[0].allows(model: $0) } && !keys[0].allows(model: "smaller"))
    #expect(keys[1].limits == UsageLimits() && !keys[1].isAdmin && keys[1].expiry == nil && keys[1].allows(model: "x"))
    #expect(keys[2].digest == KeyDigest(of: "plain-key"))
  }

  @Test(arguments: [
    "alice secret", "secret alice x", "alice sha256:00", "al,ice HASH", "a HASH requests-per-minute=0",
    "a HASH requests-per-minute=1000001", "a HASH tokens-per-minute=-1", "a HASH concurrent=x", "a HASH concurrent",
    "a HASH models=", "a HASH models", "a HASH expires=2027-02-29", "a HASH expires=soon", "a HASH admin=yes",
    "a HASH admin admin", "a HASH secret", "a HASH\na HASH", "sécret", "a HASH concurrent=99999999999999999999",
  ])
  func `A line that is wrong is told with its number, and nothing of it`(_ line: String) {
    let text =
      "# first\n" + line.split(separator: "HASH", omittingEmptySubsequences: false).joined(separator: Self.digest)
    let number = line.contains("\n") ? 3 : 2
    #expect {
      try KeyFile.parse(Array(text.utf8))
    } throws: { error in
      let error = error as? KeyFileError
      return error?.line == number && error?.description.contains("secret") == false
    }
  }

  @Test func `Files that are none are refused`() {
    #expect(throws: KeyFileError.self) { try KeyFile.parse([0xFF, 0xFE, 0x61, 0]) }
    #expect(throws: KeyFileError.self) { try KeyFile.parse(Array(repeating: 0x23, count: KeyFile.byteLimit + 1)) }
    #expect(throws: Never.self) { try KeyFile.parse(Array(repeating: 0x23, count: KeyFile.byteLimit)) }
  }

  @Test func `Who sent a key is known, unless it has expired`() {
    var first = APIKey(name: "first", digest: KeyDigest(of: "one"))
    first.expiry = 100
    let second = APIKey(name: "second", digest: KeyDigest(of: "two"))
    let ring = KeyRing([first, second])
    #expect(ring.verdict(for: "one", at: 99) == .known(first))
    #expect(ring.verdict(for: "one", at: 100) == .expired)
    #expect(ring.verdict(for: "two", at: 100) == .known(second))
    for credential in [nil, "", "One", "one ", "three", KeyDigest(of: "one").text] {
      #expect(ring.verdict(for: credential, at: 0) == .unknown)
    }
    #expect(KeyRing().verdict(for: nil, at: 0) == .anyone && KeyRing().verdict(for: "x", at: 0) == .anyone)
  }

  @Test func `New keys differ, and can be sent`() {
    let keys = Set((0..<100).map { _ in KeyFile.newKey() })
    #expect(keys.count == 100)
    for key in keys {
      #expect(key.utf8.count == 48 && key.hasPrefix("apus_"))
      #expect(key.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") })
    }
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("a*c", "abc", true), ("a*c", "ac", true),
    ("a*c", "abcd", false), ("*b*", "abc", true), ("a**", "a", true), ("abc", "abc", true), ("abc", "ab", false),
    ("*ab", "aab", true), ("*.claude-*", "anthropic.claude-v2:1", true),
  ])
  func `A star stands for any text`(_ pattern: String, _ text: String, _ matches: Bool) {
    #expect(wildcard(pattern, matches: text) == matches)
  }

  @Test func `A hostile pattern takes no longer than its length and the text's allow`() {
    let pattern = String(repeating: "*a", count: 1000) + "b"
    #expect(!wildcard(pattern, matches: String(repeating: "a", count: 10_000)))
  }

  @Test(arguments: [
    ("1970-01-01", 0), ("1970-12-31", 31_449_600), ("2000-02-29", 951_782_400), ("2000-03-01", 951_868_800),
    ("2026-12-01", 1_796_083_200), ("2100-03-01", 4_107_542_400), ("9999-12-31", 253_402_214_400),
  ])
  func `Days begin at their time`(_ day: String, _ time: Int) { #expect(unixTime(ofDate: day) == time) }

  @Test(arguments: [
    "", "2027", "2027-1-1", "2027-13-01", "2027-00-10", "2027-04-31", "1900-01-01", "2027-01-00", "2100-02-29",
    "2027-01-01T00:00:00Z", "-027-01-01", "2027-01-+1",
  ])
  func `What is no day is none`(_ text: String) { #expect(unixTime(ofDate: text) == nil) }
}
