// The quantized formats: X(name, elements in a quant block). One line makes a format known everywhere in C.
#ifndef APUS_FORMAT_LIST_H
#define APUS_FORMAT_LIST_H

#define APUS_QUANTIZED_FORMATS(X)                                                                                    \
  X(q4_0, 32)                                                                                                        \
  X(q4_1, 32)                                                                                                        \
  X(q5_0, 32)                                                                                                        \
  X(q5_1, 32)                                                                                                        \
  X(q8_0, 32)                                                                                                        \
  X(q2_K, 256)                                                                                                       \
  X(q3_K, 256)                                                                                                       \
  X(q4_K, 256)                                                                                                       \
  X(q5_K, 256)                                                                                                       \
  X(q6_K, 256)                                                                                                       \
  X(iq4_nl, 32)                                                                                                      \
  X(iq4_xs, 256)

#endif
