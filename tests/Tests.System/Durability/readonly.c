/*
 * A data folder that becomes read-only and writable again under a running server. The kernel refuses to remount a file system
 * while files on it are open for writing, so what it would answer then is answered here: EROFS for everything that changes a
 * file below AVISO_READONLY_ROOT while the file AVISO_READONLY_FLAG exists. Syncing stays allowed, as there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int below(const char *path) {
    const char *root = getenv("AVISO_READONLY_ROOT"), *flag = getenv("AVISO_READONLY_FLAG");
    size_t length = root ? strlen(root) : 0;
    /* Shared memory of SQLite is memory: a file system mounted read-only keeps a mapping that exists. */
    return length && flag && path && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0) && REAL(access)(flag, F_OK) == 0;
}

static int file(int fd) {
    char link[64], path[PATH_MAX];
    if (!getenv("AVISO_READONLY_ROOT")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

#define REFUSE(condition) if (condition) { errno = EROFS; return -1; }

static int changes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        int had = errno; REFUSE(changes(flags) && below(path)); errno = had; \
        return REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *data, size_t count) { REFUSE(file(fd)); return REAL(write)(fd, data, count); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { REFUSE(file(fd)); return REAL(pwrite)(fd, data, count, at); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { REFUSE(file(fd)); return REAL(pwrite64)(fd, data, count, at); }
ssize_t writev(int fd, const struct iovec *data, int count) { REFUSE(file(fd)); return REAL(writev)(fd, data, count); }
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t at) { REFUSE(file(fd)); return REAL(pwritev)(fd, data, count, at); }
ssize_t pwritev64(int fd, const struct iovec *data, int count, off64_t at) { REFUSE(file(fd)); return REAL(pwritev64)(fd, data, count, at); }
int ftruncate(int fd, off_t length) { REFUSE(file(fd)); return REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { REFUSE(file(fd)); return REAL(ftruncate64)(fd, length); }
int fallocate(int fd, int mode, off_t at, off_t length) { REFUSE(file(fd)); return REAL(fallocate)(fd, mode, at, length); }
int fallocate64(int fd, int mode, off64_t at, off64_t length) { REFUSE(file(fd)); return REAL(fallocate64)(fd, mode, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) { return file(fd) ? EROFS : REAL(posix_fallocate)(fd, at, length); }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return file(fd) ? EROFS : REAL(posix_fallocate64)(fd, at, length); }
int rename(const char *from, const char *to) { REFUSE(below(from) || below(to)); return REAL(rename)(from, to); }
int unlink(const char *path) { REFUSE(below(path)); return REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { REFUSE(below(path)); return REAL(mkdir)(path, mode); }
