// Asking for memory before it is read. Beyond the weights a request is harmless.

// Asks for what comes next, in the order of its addresses: as many bytes as step i uses.
SIMD void prefetch_next(const void *next, size_t i, size_t bytes) {
  for (size_t line = 0; line < bytes; line += 64)
    __builtin_prefetch((const char *)next + i * bytes + line, 0, 2);
}

// The cache that few tokens ask for rows in (see apus_prefetch): the second level, or the first. A core drops requests
// while it waits for many others, so near ones are made once more when they are AGAIN bytes closer.
enum { FAR = 0, NEAR = 1, AGAIN = 4096 };

// Rows to ask for, at 1 << `turns` places in turn, `part` bytes apart; NEAR has one place.
typedef struct {
  const char *from;
  size_t part;
  int turns;
} upcoming;
enum { STREAM_TURNS = 2 };

SIMD upcoming upcoming_rows(const void *from, size_t bytes, const apus_core *core) {
  const int turns = core->prefetch == APUS_PREFETCH_STREAMS ? STREAM_TURNS : 0;
  return (upcoming){from, bytes >> turns, turns};
}

// Asks for as much of `next` as step i uses, which may be one of several that share loads (SHARED): the compiler takes
// __builtin_prefetch for a write, and would load again. Returns `kept`, a pointer that the step uses, which keeps the
// requests in their place.
SIMD const void *prefetch_beside(const void *kept, const upcoming *next, size_t i, size_t bytes, const int SHARED,
                                 const int CACHE) {
  const size_t turn = i & (((size_t)1 << next->turns) - 1);
  const char *from = next->from + (CACHE == NEAR ? i * bytes : (i >> next->turns) * bytes + turn * next->part);
  for (size_t line = 0; !SHARED && CACHE == NEAR && line < bytes; line += 64) {
    __builtin_prefetch(from + line, 0, 3);
    __builtin_prefetch(from + line + AGAIN, 0, 3);
  }
  if (!SHARED && CACHE == FAR)
    prefetch_next(from, 0, bytes);
  // Without optimisation `line` is no constant, as these instructions need it: a debug build asks for nothing here.
#if defined(__x86_64__) && defined(__OPTIMIZE__)
  UNROLL for (size_t line = 0; SHARED && line < bytes; line += 64)
    if (CACHE == NEAR)
      __asm__("prefetcht0 %c2(%1)\n prefetcht0 %c3(%1)" : "+r"(kept) : "r"(from), "i"(line), "i"(line + AGAIN));
    else
      __asm__("prefetcht1 %c2(%1)" : "+r"(kept) : "r"(from), "i"(line));
#elif defined(__aarch64__) && defined(__OPTIMIZE__)
  UNROLL for (size_t line = 0; SHARED && line < bytes; line += 64)
    __asm__("prfm pldl2keep, [%1, %2]" : "+r"(kept) : "r"(from), "i"(line));
#endif
  return kept;
}

// Bytes from VF rows to those that decode asks for meanwhile: whole groups of VF rows, far enough for memory to answer.
SIMD size_t prefetch_distance(size_t stride) {
  const size_t group = VF * stride, enough = 1 << 15;
  return group < enough && group > 0 ? (enough + group - 1) / group * group : group;
}
