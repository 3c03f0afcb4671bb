// How fast the matmul kernels are by themselves; see Benchmarks/kernels.
//
// Every thread walks rows of its own again and again, in tiles as the CPU backend cuts them, while the main thread
// looks at how many were done in a run. Weights are random bytes whose scales are small numbers.
#define _GNU_SOURCE
#include "formats/layouts.h"
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>

enum { THREADS_MAX = 256, RUNS_MAX = 99, GROUP = 64, TILE_BYTES = 1 << 17, RUN_MS = 200 };

static struct {
  size_t n, k, threads, runs;
  double megabytes;
  const char *level;
} wanted = {1, 4096, 1, 7, 500, NULL};

typedef struct {
  apus_kernels kernels;
  apus_format format;
  apus_activations x;
  uint8_t *weights;
  size_t row_bytes, rows; // of one thread
  atomic_long done;
  atomic_int stopping;
} bench;

typedef struct {
  bench *bench;
  size_t index;
} worker;

static void *checked(void *memory) {
  if (memory == NULL || memory == MAP_FAILED) {
    fprintf(stderr, "not enough memory\n");
    exit(1);
  }
  return memory;
}

static void *work(void *argument) {
  const worker *own = argument;
  bench *b = own->bench;
  const apus_matmul_args args = {b->weights + own->index * b->rows * b->row_bytes, b->row_bytes, wanted.k, wanted.n,
                                 b->x, checked(malloc(b->rows * wanted.n * sizeof(float))), b->rows, b->kernels.core};
  const size_t groups = TILE_BYTES / b->row_bytes / GROUP, tile = (groups > 0 ? groups : 1) * GROUP;
  while (!atomic_load(&b->stopping))
    for (size_t row = 0; row < b->rows && !atomic_load(&b->stopping); row += tile) {
      const size_t end = row + tile < b->rows ? row + tile : b->rows;
      apus_matmul(&b->kernels, b->format, &args, row, end);
      atomic_fetch_add(&b->done, (long)(end - row));
    }
  free(args.y);
  return NULL;
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double rows_per_second(bench *b) {
  const long before = atomic_load(&b->done);
  const double start = seconds();
  nanosleep(&(struct timespec){0, RUN_MS * 1000000L}, NULL);
  return (double)(atomic_load(&b->done) - before) / (seconds() - start);
}

static apus_activations random_activations(const apus_kernels *kernels) {
  const size_t n = wanted.n, k = wanted.k, chunk = apus_chunk_tokens(k);
  float *values = checked(malloc(n * k * sizeof(float)));
  for (size_t i = 0; i < n * k; i++)
    values[i] = (float)(random() % 2001 - 1000) / 1000;
  int8_t *codes = checked(malloc(n * k));
  float *scales = checked(malloc(n * k / 8)), *sums32 = checked(malloc(n * k / 8));
  int16_t *sums16 = checked(malloc(n * k / 8));
  int32_t *offsets = checked(malloc(n * k / 8));
  for (size_t i = 0; i < n; i++) {
    const size_t start = i / chunk * chunk, width = n - start < chunk ? n - start : chunk;
    const size_t block = start * (k / 32) + (i - start);
    kernels->quantize(values + i * k, k, 1, width, codes + 32 * block, scales + block, sums16 + 2 * block,
                      sums32 + block, offsets + block);
  }
  return (apus_activations){values, codes, scales, sums16, sums32, offsets};
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const bench *b, double *runs) {
  qsort(runs, wanted.runs, sizeof *runs, compare);
  const double bytes = (double)b->row_bytes / 1e9, operations = 2e-9 * (double)(wanted.k * wanted.n);
  const double median = runs[wanted.runs / 2], best = runs[wanted.runs - 1];
  printf("%-7s %s  n %zu  k %zu  %g MB  threads %zu   %7.2f GB/s %7.1f Gop/s   best %7.2f GB/s %7.1f Gop/s\n",
         apus_layouts[b->format].name, b->kernels.name, wanted.n, wanted.k, wanted.megabytes, wanted.threads,
         median * bytes, median * operations, best * bytes, best * operations);
  fflush(stdout);
}

static void measure(bench *b) {
  b->row_bytes = wanted.k / apus_layouts[b->format].elements * apus_layouts[b->format].bytes;
  b->rows = (size_t)(wanted.megabytes * 1e6) / b->row_bytes / wanted.threads / GROUP * GROUP;
  b->rows = b->rows > 0 ? b->rows : GROUP;
  const size_t bytes = wanted.threads * b->rows * b->row_bytes;
  b->weights = checked(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
#ifdef MADV_HUGEPAGE
  madvise(b->weights, bytes, MADV_HUGEPAGE);
#endif
  for (size_t i = 0; i < bytes; i++)
    b->weights[i] = (uint8_t)(i * 2654435761u >> 13) & 0x3f;
  if (b->format == APUS_mxfp4) // an exponent
    for (size_t i = 0; i < bytes; i += 17)
      b->weights[i] = 120;

  pthread_t threads[THREADS_MAX];
  worker workers[THREADS_MAX];
  double runs[RUNS_MAX];
  atomic_store(&b->stopping, 0);
  for (size_t i = 0; i < wanted.threads; i++) {
    workers[i] = (worker){b, i};
    if (pthread_create(threads + i, NULL, work, workers + i) != 0)
      checked(NULL);
  }
  rows_per_second(b); // while threads come up
  for (size_t i = 0; i < wanted.runs; i++)
    runs[i] = rows_per_second(b);
  atomic_store(&b->stopping, 1);
  for (size_t i = 0; i < wanted.threads; i++)
    pthread_join(threads[i], NULL);
  report(b, runs);
  munmap(b->weights, bytes);
}

static void load_level(apus_kernels *kernels) {
  for (size_t level = apus_level_count(); level-- > 0;)
    if ((wanted.level == NULL || strcmp(apus_level_name(level), wanted.level) == 0) &&
        apus_kernels_load(kernels, level))
      return;
  fprintf(stderr, "this machine cannot run that level\n");
  exit(2);
}

static void read_options(int count, char **arguments) {
  for (int option; (option = getopt(count, arguments, "n:k:m:t:l:r:")) != -1;)
    switch (option) {
    case 'n': wanted.n = strtoul(optarg, NULL, 10); break;
    case 'k': wanted.k = strtoul(optarg, NULL, 10); break;
    case 'm': wanted.megabytes = strtod(optarg, NULL); break;
    case 't': wanted.threads = strtoul(optarg, NULL, 10); break;
    case 'l': wanted.level = optarg; break;
    case 'r': wanted.runs = strtoul(optarg, NULL, 10); break;
    default: exit(2);
    }
  if (wanted.n < 1 || wanted.n > 4096 || wanted.k < 256 || wanted.k % 256 || wanted.k > 1 << 20 ||
      wanted.threads < 1 || wanted.threads > THREADS_MAX || wanted.runs < 1 || wanted.runs > RUNS_MAX ||
      !(wanted.megabytes > 0 && wanted.megabytes < 1e6)) {
    fprintf(stderr, "-n 1...4096, -k a multiple of 256 up to 1048576, -t 1...%d, -r 1...%d, -m up to 1000000\n",
            THREADS_MAX, RUNS_MAX);
    exit(2);
  }
}

// Whether a format was asked for: by name, or with all.
static int is_wanted(size_t format, int count, char **names) {
  for (int i = 0; i < count; i++)
    if (strcasecmp(names[i], apus_layouts[format].name) == 0)
      return 1;
  return count == 0;
}

static void check_names(int count, char **names) {
  for (int i = 0; i < count; i++) {
    size_t format = 0;
    while (format < APUS_FORMAT_COUNT && strcasecmp(names[i], apus_layouts[format].name) != 0)
      format++;
    if (format == APUS_FORMAT_COUNT) {
      fprintf(stderr, "no format is called %s\n", names[i]);
      exit(2);
    }
  }
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  count -= optind, arguments += optind;
  check_names(count, arguments);
  bench b = {0};
  load_level(&b.kernels);
  b.x = random_activations(&b.kernels);
  for (size_t format = 0; format < APUS_FORMAT_COUNT; format++)
    if (is_wanted(format, count, arguments)) {
      b.format = (apus_format)format;
      measure(&b);
    }
  return 0;
}
