#include "util/base.h"

int
main (void)
{
  return 255;
}
