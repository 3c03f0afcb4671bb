// The two headers of OpenBLAS that Apus calls: matrix products, and control of its threads.
#include <cblas.h>
