// One matmul per quantized format. (The preprocessor cannot include from within format_list.h's X.)
#include "matmul_blocks.h"
#include "matmul_halves.h"
#include "matmul_lanes.h"

#define APUS_KIND blocks
#define APUS_FORMAT q4_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q4_1
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q5_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q5_1
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q8_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q4_K
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q5_K
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq4_nl
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq4_xs
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT mxfp4
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT tq2_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#undef APUS_KIND

#define APUS_KIND halves
#define APUS_FORMAT q2_K
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q3_K
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q6_K
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq1_m
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq2_xs
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq2_s
#include "matmul_quantized.h"
#undef APUS_FORMAT
#undef APUS_KIND

#define APUS_KIND lanes
#define APUS_FORMAT iq1_s
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq2_xxs
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq3_xxs
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT iq3_s
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT tq1_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q1_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#define APUS_FORMAT q2_0
#include "matmul_quantized.h"
#undef APUS_FORMAT
#undef APUS_KIND

#define APUS_KIND split
#define APUS_FORMAT nvfp4
#include "matmul_quantized.h"
#undef APUS_FORMAT
#undef APUS_KIND
