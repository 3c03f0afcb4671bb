#include "CApusKernels.h"
int apus_placeholder(void) { return 0; }
