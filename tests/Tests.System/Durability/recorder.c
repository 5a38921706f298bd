// Records what a process does to the files below AVISO_RECORD_ROOT, in the order in which it was done, so that a test can
// rebuild the disk as it may look after a power cut: everything synced is there, what was not synced may be missing.
// Build: gcc -O2 -shared -fPIC -o recorder.so recorder.c -ldl -lpthread; use with LD_PRELOAD.
//
// Log record: u8 kind, u64 monotonic ns, u32 handle, u64 offset, u32 length, then length octets (data or path).
// A write is logged after it happened; a sync is logged when it begins and when it has ended well.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, CREATE, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR };
#define MAXFD 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t handles[MAXFD];          // 0: not ours
static uint8_t appends[MAXFD];
static uint32_t next_handle = 1;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_length;

#define REAL(name) ({ static __typeof__(&name) real_; if (!real_) real_ = dlsym(RTLD_NEXT, #name); real_; })

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("AVISO_RECORD_ROOT"), *file = getenv("AVISO_RECORD_LOG");
    if (!folder || !file) return;
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    log_fd = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int ours(int dir, const char *path, char *full)
{
    if (log_fd < 0 || !path) return 0;
    if (path[0] == '/') snprintf(full, PATH_MAX, "%s", path);
    else if (dir == AT_FDCWD) {
        char cwd[PATH_MAX];
        if (!getcwd(cwd, sizeof cwd)) return 0;
        if (snprintf(full, PATH_MAX, "%s/%s", cwd, path) >= PATH_MAX) return 0;
    } else return 0;
    return strncmp(full, root, root_length) == 0 && (full[root_length] == '/' || full[root_length] == 0);
}

static void put(uint8_t kind, uint32_t handle, uint64_t offset, const void *data, uint32_t length)
{
    struct timespec now;
    unsigned char head[25];
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    head[0] = kind;
    memcpy(head + 1, &ns, 8); memcpy(head + 9, &handle, 4); memcpy(head + 13, &offset, 8); memcpy(head + 21, &length, 4);
    struct iovec both[2] = { { head, sizeof head }, { (void *)data, length } };
    ssize_t done = REAL(writev)(log_fd, both, 2);
    (void)done;
}

static int opened(int fd, int dir, const char *path, int flags, int existed)
{
    char full[PATH_MAX];
    int saved = errno;
    if (fd >= 0 && fd < MAXFD) {
        pthread_mutex_lock(&lock);
        handles[fd] = 0;
        if (ours(dir, path, full)) {
            handles[fd] = next_handle++;
            appends[fd] = (flags & O_APPEND) != 0;
            put(existed ? OPEN : CREATE, handles[fd], 0, full, (uint32_t)strlen(full));
            if (existed && (flags & O_TRUNC)) put(TRUNCATE, handles[fd], 0, NULL, 0);
        }
        pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return fd;
}

static int exists(int dir, const char *path, int flags)
{
    struct stat st;
    char full[PATH_MAX];
    if (!ours(dir, path, full)) return 1;
    int saved = errno, there = lstat(full, &st) == 0;
    errno = saved;
    return there || !(flags & O_CREAT);
}

#define OPENER(name) \
    int name(const char *path, int flags, ...) { mode_t mode = 0; va_list more; va_start(more, flags); \
        if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t); va_end(more); \
        int existed = exists(AT_FDCWD, path, flags); \
        return opened(REAL(name)(path, flags, mode), AT_FDCWD, path, flags, existed); }
OPENER(open)
OPENER(open64)
#define OPENERAT(name) \
    int name(int dir, const char *path, int flags, ...) { mode_t mode = 0; va_list more; va_start(more, flags); \
        if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t); va_end(more); \
        int existed = exists(dir, path, flags); \
        return opened(REAL(name)(dir, path, flags, mode), dir, path, flags, existed); }
OPENERAT(openat)
OPENERAT(openat64)

int close(int fd)
{
    if (fd >= 0 && fd < MAXFD && fd != log_fd) { pthread_mutex_lock(&lock); handles[fd] = 0; pthread_mutex_unlock(&lock); }
    return REAL(close)(fd);
}

static uint32_t handle_of(int fd) { return log_fd >= 0 && fd >= 0 && fd < MAXFD ? handles[fd] : 0; }

// A position written by write(2): asked of the kernel, under the lock so that it is the one that was used.
ssize_t write(int fd, const void *data, size_t length)
{
    if (!handle_of(fd)) return REAL(write)(fd, data, length);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, data, length);
    int saved = errno;
    if (done > 0) put(WRITE, handles[fd], (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), data, (uint32_t)done);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return done;
}

#define PWRITER(name, offset_t_) \
    ssize_t name(int fd, const void *data, size_t length, offset_t_ offset) { \
        ssize_t done = REAL(name)(fd, data, length, offset); \
        int saved = errno; \
        if (done > 0 && handle_of(fd)) { pthread_mutex_lock(&lock); \
            put(WRITE, handles[fd], (uint64_t)offset, data, (uint32_t)done); pthread_mutex_unlock(&lock); } \
        errno = saved; return done; }
PWRITER(pwrite, off_t)
PWRITER(pwrite64, off64_t)

static void put_pieces(int fd, const struct iovec *pieces, int count, uint64_t at, ssize_t done)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count && done > 0; i++) {
        size_t part = pieces[i].iov_len < (size_t)done ? pieces[i].iov_len : (size_t)done;
        put(WRITE, handles[fd], at, pieces[i].iov_base, (uint32_t)part);
        at += part; done -= (ssize_t)part;
    }
    pthread_mutex_unlock(&lock);
}

#define PWRITERV(name, offset_t_) \
    ssize_t name(int fd, const struct iovec *pieces, int count, offset_t_ offset) { \
        ssize_t done = REAL(name)(fd, pieces, count, offset); \
        int saved = errno; \
        if (done > 0 && handle_of(fd)) put_pieces(fd, pieces, count, (uint64_t)offset, done); \
        errno = saved; return done; }
PWRITERV(pwritev, off_t)
PWRITERV(pwritev64, off64_t)

#define TRUNCATER(name, offset_t_) \
    int name(int fd, offset_t_ length) { int done = REAL(name)(fd, length), saved = errno; \
        if (done == 0 && handle_of(fd)) { pthread_mutex_lock(&lock); put(TRUNCATE, handles[fd], (uint64_t)length, NULL, 0); \
            pthread_mutex_unlock(&lock); } \
        errno = saved; return done; }
TRUNCATER(ftruncate, off_t)
TRUNCATER(ftruncate64, off64_t)

#define SYNCER(name) \
    int name(int fd) { uint32_t handle = handle_of(fd); \
        if (handle) { pthread_mutex_lock(&lock); put(SYNC_BEGIN, handle, 0, NULL, 0); pthread_mutex_unlock(&lock); } \
        int done = REAL(name)(fd), saved = errno; \
        if (handle && done == 0) { pthread_mutex_lock(&lock); put(SYNC_END, handle, 0, NULL, 0); pthread_mutex_unlock(&lock); } \
        errno = saved; return done; }
SYNCER(fsync)
SYNCER(fdatasync)

int rename(const char *from, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX], both[2 * PATH_MAX];
    int done = REAL(rename)(from, to), saved = errno;
    if (done == 0 && ours(AT_FDCWD, from, a) && ours(AT_FDCWD, to, b)) {
        int length = snprintf(both, sizeof both, "%s\n%s", a, b);
        pthread_mutex_lock(&lock); put(RENAME, 0, 0, both, (uint32_t)length); pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return done;
}

int unlink(const char *path)
{
    char full[PATH_MAX];
    int done = REAL(unlink)(path), saved = errno;
    if (done == 0 && ours(AT_FDCWD, path, full)) {
        pthread_mutex_lock(&lock); put(UNLINK, 0, 0, full, (uint32_t)strlen(full)); pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return done;
}

int mkdir(const char *path, mode_t mode)
{
    char full[PATH_MAX];
    int done = REAL(mkdir)(path, mode), saved = errno;
    if (done == 0 && ours(AT_FDCWD, path, full)) {
        pthread_mutex_lock(&lock); put(MKDIR, 0, 0, full, (uint32_t)strlen(full)); pthread_mutex_unlock(&lock);
    }
    errno = saved;
    return done;
}
