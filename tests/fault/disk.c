/* A disk that fails when it is told to: preloaded into the program, it stands between SQLite and the kernel.
 *
 * FAULT_SWITCH names a file. While it is there, its first word says what fails for files whose name holds FAULT_FILE:
 *   sync   fsync and fdatasync answer EIO
 *   write  every write answers EIO
 *   full   every write answers ENOSPC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* The word in the switch; empty where there is none. */
static void word(char *into, size_t size) {
    into[0] = 0;
    const char *path = getenv("FAULT_SWITCH");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    ssize_t got = read(fd, into, size - 1);
    into[got > 0 ? got : 0] = 0;
    close(fd);
}

static int is_meant(int fd) {
    const char *wanted = getenv("FAULT_FILE");
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length <= 0 || !wanted) return 0;
    name[length] = 0;
    return strstr(name, wanted) != NULL;
}

/* Whether this call fails, and with what. */
static int fails(int fd, int is_sync) {
    int before = errno;
    char said[16];
    word(said, sizeof said);
    int error = 0;
    if (said[0] && is_meant(fd)) {
        if (is_sync && !strncmp(said, "sync", 4)) error = EIO;
        if (!is_sync && !strncmp(said, "write", 5)) error = EIO;
        if (!is_sync && !strncmp(said, "full", 4)) error = ENOSPC;
    }
    errno = error ? error : before;
    return error;
}

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
    NEXT(fsync);
    return fails(fd, 1) ? -1 : next(fd);
}

int fdatasync(int fd) {
    NEXT(fdatasync);
    return fails(fd, 1) ? -1 : next(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    NEXT(write);
    return fails(fd, 0) ? -1 : next(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    NEXT(pwrite);
    return fails(fd, 0) ? -1 : next(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    NEXT(pwrite64);
    return fails(fd, 0) ? -1 : next(fd, data, size, at);
}
