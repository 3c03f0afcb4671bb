/// Where an object lies in a store: `s3://BUCKET/KEY`.
package struct ObjectPlace: Sendable, Equatable, CustomStringConvertible {
  package let bucket: String
  package let key: String

  /// Nil where no store could have such an object, or a proxy could take its key for another one.
  package init?(bucket: String, key: String) {
    guard Self.isBucket(bucket), (1...1024).contains(key.utf8.count), key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
      !key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).contains(where: Self.isDots)
    else { return nil }
    (self.bucket, self.key) = (bucket, key)
  }

  /// Reads `s3://BUCKET/KEY`; nil for anything else.
  package init?(_ text: String) {
    guard text.utf8.starts(with: "s3://".utf8) else { return nil }
    let parts = text.dropFirst("s3://".count).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    self.init(bucket: String(parts[0]), key: String(parts[1]))
  }

  package var description: String { "s3://\(bucket)/\(key)" }

  fileprivate static func isBucket(_ name: String) -> Bool {
    (3...63).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      } && !name.contains("..")
  }

  private static func isDots(_ part: Substring.UTF8View.SubSequence) -> Bool {
    part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8)
  }
}

/// A part of a store: `s3://BUCKET`, or all objects below `s3://BUCKET/PREFIX`.
package struct ObjectFolder: Sendable, Equatable {
  package let bucket: String
  /// Without slashes at its ends; empty for the whole bucket.
  package let prefix: String

  /// Reads `s3://BUCKET` or `s3://BUCKET/PREFIX`; nil for anything else.
  package init?(_ text: String) {
    guard text.utf8.starts(with: "s3://".utf8) else { return nil }
    let parts = text.dropFirst("s3://".count).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let bucket = parts.first, ObjectPlace.isBucket(String(bucket)) else { return nil }
    let prefix = (parts.count > 1 ? parts[1] : "").split(separator: "/").joined(separator: "/")
    guard prefix.isEmpty || ObjectPlace(bucket: String(bucket), key: prefix) != nil else { return nil }
    (self.bucket, self.prefix) = (String(bucket), prefix)
  }

  /// The object of that name in it; nil where there can be none.
  package func place(_ name: String) -> ObjectPlace? {
    ObjectPlace(bucket: bucket, key: prefix.isEmpty ? name : "\(prefix)/\(name)")
  }

  /// Whether an object lies in it; one that is named like the folder itself does not.
  package func holds(_ place: ObjectPlace) -> Bool {
    let beginning = prefix.isEmpty ? "" : "\(prefix)/"
    return place.bucket.utf8.elementsEqual(bucket.utf8) && place.key.utf8.starts(with: beginning.utf8)
      && place.key.utf8.count > beginning.utf8.count
  }
}
