// The same place in VF rows, where a level has registers enough for a stride: row r begins at row0 + r * stride.
typedef struct {
  const uint8_t *row0;
  size_t stride;
} rows;
SIMD rows rows_at(const uint8_t *p, size_t stride) { return (rows){p, stride}; }
SIMD rows rows_on(rows at, size_t bytes) { return (rows){at.row0 + bytes, at.stride}; }
