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
  X(iq4_xs, 256)                                                                                                     \
  X(iq1_s, 256)                                                                                                      \
  X(iq1_m, 256)                                                                                                      \
  X(iq2_xxs, 256)                                                                                                    \
  X(iq2_xs, 256)                                                                                                     \
  X(iq2_s, 256)                                                                                                      \
  X(iq3_xxs, 256)                                                                                                    \
  X(iq3_s, 256)                                                                                                      \
  X(mxfp4, 32)                                                                                                       \
  X(nvfp4, 64)                                                                                                       \
  X(tq1_0, 256)                                                                                                      \
  X(tq2_0, 256)                                                                                                      \
  X(q1_0, 128)                                                                                                       \
  X(q2_0, 64)

#endif
