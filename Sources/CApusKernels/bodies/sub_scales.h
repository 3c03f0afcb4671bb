// Scales of VF rows' quant blocks with an integer scale for 16 weights: weight = d * scale * (code - offset), or
// d * scale * code - dmin * min. Byte i of a row's lane in vector j belongs to sub-block 4j + i.
typedef struct {
  vf d, dmin;
  vq scale[4], min[4];
} sub_scales;
