/* file.c - files that appear whole. */
#include "core/file.h"
#include "core/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    atomic_bool read;
    atomic_size_t countdown;
} fault;

void file_fault_at(size_t n)
{
    fault.read = true;
    fault.countdown = n;
}

static bool fault_now(void)
{
    if (!fault.read) {
        const char *n = getenv("W2S_FAULT_WRITE");
        file_fault_at(n ? (size_t)strtoul(n, NULL, 10) : 0);
    }
    if (!fault.countdown || atomic_fetch_sub(&fault.countdown, 1) != 1)
        return false;
    errno = ENOSPC;
    return true;
}

static int write_all(int fd, const char *data, size_t n, const char *path, struct err *e)
{
    while (n) {
        ssize_t got = fault_now() ? -1 : write(fd, data, n < (1u << 30) ? n : (1u << 30));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(e, "%s: cannot write", path);
        data += got;
        n -= (size_t)got;
    }
    return OK;
}

int file_map_open(struct file_map *m, const char *path, struct err *e)
{
    struct stat st;
    int rc = OK;
    *m = (struct file_map){NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "%s", path);
    if (fstat(fd, &st)) {
        rc = err_sys(e, "%s", path);
    } else if (!S_ISREG(st.st_mode)) {
        rc = err_set(e, ERR_INPUT, "%s: not a file", path);
    } else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = err_sys(e, "%s: cannot be mapped", path);
        else
            *m = (struct file_map){p, (size_t)st.st_size};
    }
    close(fd);
    return rc;
}

void file_map_close(struct file_map *m)
{
    if (m && m->data)
        munmap((void *)(size_t)m->data, m->size);
    if (m)
        *m = (struct file_map){NULL, 0};
}

void file_map_idle(const struct file_map *m)
{
#ifdef MADV_DONTNEED
    if (m->data)
        madvise((void *)(size_t)m->data, m->size, MADV_DONTNEED);
#else
    (void)m;
#endif
}

int file_read(struct str *out, const char *path, struct err *e)
{
    char buf[65536];
    bool standard = strcmp(path, "-") == 0;
    int rc = OK, fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    const char *name = standard ? "standard input" : path;
    if (fd < 0)
        return err_sys(e, "%s", name);
    for (;;) {
        ssize_t got = read(fd, buf, sizeof buf);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = err_sys(e, "%s: cannot read", name);
        if (got <= 0)
            break;
        str_catn(out, buf, (size_t)got);
    }
    if (!standard)
        close(fd);
    return rc ? rc : str_check(out, e);
}

/* temporary_name - "<path>.part-<16 hexadecimal digits of chance>": a process's number would be
 * another's too, on another machine or in another container that shares the folder. */
static int temporary_name(struct str *out, const char *path, struct err *e)
{
    uint64_t chance = 0;
    if (getentropy(&chance, sizeof chance))
        return err_sys(e, "%s: no name for a temporary file", path);
    str_reset(out);
    str_addf(out, "%s.part-%016llx", path, (unsigned long long)chance);
    return str_check(out, e);
}

bool file_is_leftover(const char *name)
{
    const char *part = strstr(name, ".part-");
    return part && strlen(part) == 6 + 16 && strspn(part + 6, "0123456789abcdef") == 16;
}

struct file_out {
    int fd;
    char *path, *temporary;
};

int file_out_open(struct file_out **out, const char *path, struct err *e)
{
    struct str t = STR_INIT;
    struct file_out *f = mem_zalloc(1, sizeof *f, e);
    *out = NULL;
    if (!f)
        return e->code;
    f->fd = -1;
    int rc = temporary_name(&t, path, e);
    f->path = rc ? NULL : mem_strdup(path, e);
    f->temporary = f->path ? str_take(&t, e) : NULL;
    str_release(&t);
    if (!f->temporary) {
        file_out_close(f);
        return e->code;
    }
    f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (f->fd < 0) {
        rc = err_sys(e, "%s: cannot be written", path);
        mem_free(f->temporary); /* not ours to remove */
        f->temporary = NULL;
        file_out_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

int file_out_write(struct file_out *f, const void *data, size_t n, struct err *e)
{
    return write_all(f->fd, data, n, f->path, e);
}

int file_folder(struct str *out, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    str_reset(out);
    str_catn(out, slash ? path : ".", slash ? (size_t)(slash - path) + (slash == path) : 1);
    return str_check(out, e);
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int sync_dir(const char *path, struct err *e)
{
    struct str dir = STR_INIT;
    int rc = file_folder(&dir, path, e),
        fd = rc ? -1 : open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(
            fd); /* some file systems refuse it for folders; the rename has happened all the same */
        close(fd);
    }
    str_release(&dir);
    return rc;
}

int file_out_commit(struct file_out *f, struct err *e)
{
    if (fault_now() || fsync(f->fd))
        return err_sys(e, "%s: cannot write", f->path);
    if (close(f->fd)) {
        f->fd = -1;
        return err_sys(e, "%s: cannot write", f->path);
    }
    f->fd = -1;
    if (rename(f->temporary, f->path))
        return err_sys(e, "%s: cannot be put in place", f->path);
    mem_free(f->temporary);
    f->temporary = NULL;
    return sync_dir(f->path, e);
}

void file_out_close(struct file_out *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary)
        unlink(f->temporary);
    mem_free(f->temporary);
    mem_free(f->path);
    mem_free(f);
}

int file_write(const char *path, const void *data, size_t n, struct err *e)
{
    struct file_out *f;
    int rc = file_out_open(&f, path, e);
    if (!rc)
        rc = file_out_write(f, data, n, e);
    if (!rc)
        rc = file_out_commit(f, e);
    file_out_close(f);
    return rc;
}

int file_write_in(const char *dir, const char *name, const struct str *text, struct err *e)
{
    struct str path = STR_INIT;
    str_path(&path, dir, name);
    int rc = str_check(&path, e);
    if (!rc)
        rc = str_check(text, e);
    if (!rc)
        rc = file_write(path.s, text->s, text->len, e);
    str_release(&path);
    return rc;
}

int file_append(const char *path, const void *data, size_t n, struct err *e)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_sys(e, "%s: cannot be written", path);
    int rc = write_all(fd, data, n, path, e);
    if (close(fd) && !rc)
        rc = err_sys(e, "%s: cannot write", path);
    return rc;
}

void file_absolute(const char *path, struct str *out)
{
    char here[PATH_MAX];
    str_reset(out);
    while (str_starts(path, "./"))
        path += 2;
    if (*path != '/' && getcwd(here, sizeof here))
        str_path(out, here, path);
    else
        str_cat(out, path);
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_writable(const char *path)
{
    return access(path, W_OK) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int file_size(const char *path, size_t *size, struct err *e)
{
    struct stat st;
    if (stat(path, &st))
        return err_sys(e, "%s", path);
    *size = (size_t)st.st_size;
    return OK;
}

uint64_t file_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return 0;
#ifdef __APPLE__
    const struct timespec t = st.st_mtimespec;
#else
    const struct timespec t = st.st_mtim;
#endif
    const uint64_t parts[] = {(uint64_t)t.tv_sec, (uint64_t)t.tv_nsec, (uint64_t)st.st_size,
                              (uint64_t)st.st_ino};
    uint64_t h = 1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        h = (h ^ parts[i]) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
    }
    return h ? h : 1;
}

int file_mkdirs(const char *path, struct err *e)
{
    char *copy = mem_strdup(path, e);
    int rc = copy ? OK : e->code;
    for (char *p = copy; !rc && p && *p;) {
        p = strchr(p + 1, '/');
        if (p)
            *p = '\0';
        if (mkdir(copy, 0777) && !(errno == EEXIST && file_is_dir(copy)))
            rc = errno == EEXIST ? err_set(e, ERR_IO, "%s is a file, wanted a folder", copy)
                                 : err_sys(e, "%s: the folder cannot be made", copy);
        if (p)
            *p = '/';
    }
    mem_free(copy);
    return rc;
}

static int remove_tree(const char *path, int depth, struct err *e)
{
    struct stat st;
    if (lstat(path, &st))
        return errno == ENOENT ? OK : err_sys(e, "%s", path);
    if (S_ISDIR(st.st_mode)) {
        char **names = NULL;
        size_t n = 0;
        struct str child = STR_INIT;
        BUG_ON(depth > 100);
        int rc = file_list(path, &names, &n, e);
        for (size_t i = 0; i < n && !rc; i++) {
            str_path(&child, path, names[i]);
            rc = str_check(&child, e);
            if (!rc)
                rc = remove_tree(child.s, depth + 1, e);
        }
        str_release(&child);
        mem_free(names);
        if (rc)
            return rc;
    }
    if (S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path))
        return errno == ENOENT ? OK : err_sys(e, "%s: cannot be removed", path);
    return OK;
}

int file_remove_tree(const char *path, struct err *e)
{
    return remove_tree(path, 0, e);
}

int file_rename(const char *from, const char *to, struct err *e)
{
    if (fault_now() || rename(from, to))
        return err_sys(e, "%s: cannot be renamed to %s", from, to);
    return sync_dir(to, e);
}

int file_link_or_copy(const char *from, const char *to, struct err *e)
{
    struct str temporary = STR_INIT;
    struct file_map m = {0};
    int rc = temporary_name(&temporary, to, e);
    if (!rc && link(from, temporary.s) == 0) {
        rc = file_rename(temporary.s, to, e);
        unlink(temporary.s); /* it is still there where the rename failed, or `to` was that file */
    } else if (!rc && !(rc = file_map_open(&m, from, e)))
        rc = file_write(to, m.data, m.size, e);
    file_map_close(&m);
    str_release(&temporary);
    return rc;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_list(const char *dir, char ***names, size_t *n, struct err *e)
{
    struct str all = STR_INIT;
    struct dirent *d;
    size_t count = 0;
    int rc = OK;
    *names = NULL;
    *n = 0;
    DIR *open_dir = opendir(dir);
    if (!open_dir)
        return err_sys(e, "%s", dir);
    while ((d = readdir(open_dir))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        str_catn(&all, d->d_name, strlen(d->d_name) + 1);
        count++;
    }
    closedir(open_dir);
    rc = str_check(&all, e);
    char **list = rc ? NULL : mem_alloc(count * sizeof *list + all.len, 1, e);
    if (list) {
        char *text = memcpy(list + count, all.s, all.len);
        for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
            list[i] = text;
        qsort(list, count, sizeof *list, name_compare);
        *names = list;
        *n = count;
    } else if (!rc) {
        rc = e->code;
    }
    str_release(&all);
    return rc;
}

int file_list_stems(const char *dir, const char *ending, char ***names, size_t *n, struct err *e)
{
    size_t all = 0;
    *names = NULL;
    *n = 0;
    int rc = file_is_dir(dir) ? file_list(dir, names, &all, e) : OK;
    for (size_t i = 0; i < all; i++)
        if (str_ends((*names)[i], ending)) {
            (*names)[i][strlen((*names)[i]) - strlen(ending)] = '\0';
            (*names)[(*n)++] = (*names)[i];
        }
    return rc;
}

static int lock_open(const char *path, int how, int *fd, struct err *e)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0)
        return err_sys(e, "%s: cannot be written", path);
    while (flock(*fd, how)) {
        if (errno == EINTR)
            continue;
        int rc = errno == EWOULDBLOCK ? OK : err_sys(e, "%s: cannot be locked", path);
        close(*fd);
        *fd = -1;
        return rc;
    }
    return OK;
}

int file_lock(const char *path, bool wait, int *fd, struct err *e)
{
    return lock_open(path, LOCK_EX | (wait ? 0 : LOCK_NB), fd, e);
}

int file_lock_shared(const char *path, int *fd, struct err *e)
{
    return lock_open(path, LOCK_SH, fd, e);
}

bool file_lock_alone(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void file_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

void file_prune(const char *dir, const char *ending, double age)
{
    struct err ignored = ERR_INIT;
    struct str path = STR_INIT;
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    time_t now = time(NULL);
    if (file_list(dir, &names, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        if (ending ? !str_ends(names[i], ending) : !file_is_leftover(names[i]))
            continue;
        str_path(&path, dir, names[i]);
        if (!path.failed && !lstat(path.s, &st) && S_ISREG(st.st_mode) &&
            difftime(now, st.st_mtime) > age)
            unlink(path.s);
    }
    mem_free(names);
    str_release(&path);
}
