package import ApusCore
internal import Foundation

extension ReferenceBackend {
  package func _ropeTable(_ parameters: RopeParameters, into table: Buffer) {
    let magnitude = Double(parameters.magnitude)
    for row in 0..<table.rows {
      let angles = parameters.frequencies.map { Double(batch.positions[row]) * Double($0) }
      table.replace(
        row: row, by: angles.map { Float(cos($0) * magnitude) } + angles.map { Float(sin($0) * magnitude) })
    }
  }

  package func _rope(
    _ x: Buffer, headDimension: Int, offset: Int, table: Buffer, pairing: RopeParameters.Pairing
  ) {
    let pairs = table.columns / 2
    for row in 0..<x.rows {
      var values = Array(x.values(of: row))
      let angles = Array(table.values(of: row))
      for start in stride(from: offset, to: x.columns, by: headDimension) {
        for pair in 0..<pairs {
          let (i, j) =
            switch pairing {
            case .adjacent: (start + 2 * pair, start + 2 * pair + 1)
            case .split: (start + pair, start + pair + pairs)
            }
          let (cosine, sine) = (Double(angles[pair]), Double(angles[pairs + pair]))
          let (a, b) = (Double(values[i]), Double(values[j]))
          values[i] = Float(a * cosine - b * sine)
          values[j] = Float(a * sine + b * cosine)
        }
      }
      x.replace(row: row, by: values)
    }
  }
}
