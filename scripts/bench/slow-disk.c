/* A disk that takes 20 ms longer for every fsync and fdatasync, for LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

#define SLOW(name)                                                   \
  int name(int fd) {                                                 \
    const struct timespec delay = {0, 20 * 1000 * 1000};             \
    nanosleep(&delay, 0);                                            \
    return ((int (*)(int))dlsym(RTLD_NEXT, #name))(fd);              \
  }
SLOW(fsync)
SLOW(fdatasync)
