/* file.h - files and folders. What is written appears whole or not at all: into a temporary name in
 * the same folder, flushed, then one rename. Sentences name the path. */
#ifndef W2S_CORE_FILE_H
#define W2S_CORE_FILE_H

#include "core/err.h"
#include "core/str.h"
#include <stdint.h>

struct file_map {
    const unsigned char *data; /* read only; NULL where size is 0 */
    size_t size;
};
int file_map_open(struct file_map *m, const char *path, struct err *e);
void file_map_close(struct file_map *m);
/* file_map_idle - it is hardly read for now: its pages in memory are the system's again, and come
 * back from the file when they are touched. */
void file_map_idle(const struct file_map *m);

int file_read(struct str *out, const char *path, struct err *e); /* "-" is standard input */
int file_write(const char *path, const void *data, size_t n, struct err *e); /* atomic */
/* file_write_in - a whole text as dir/name, where neither the text nor the path is one that failed
 * (str_check). */
int file_write_in(const char *dir, const char *name, const struct str *text, struct err *e);
int file_append(const char *path, const void *data, size_t n,
                struct err *e); /* one write(2), O_APPEND */

/* file_out - a large file written piece by piece, atomic as a whole. close without commit leaves
 * nothing behind. */
struct file_out;
int file_out_open(struct file_out **out, const char *path, struct err *e);
int file_out_write(struct file_out *f, const void *data, size_t n, struct err *e);
int file_out_commit(struct file_out *f,
                    struct err *e);      /* flush, fsync, rename; close still needed */
void file_out_close(struct file_out *f); /* accepts NULL */

bool file_exists(const char *path);
/* file_absolute - path from the root, in place of what out held; as it is where the working
 * directory has no name. */
void file_absolute(const char *path, struct str *out);
/* file_folder - of a path, the folder that it lies in, as the whole of out: "." where it names
 * none. file_name - its last part. */
int file_folder(struct str *out, const char *path, struct err *e);
const char *file_name(const char *path);
bool file_is_dir(const char *path);
bool file_writable(const char *path); /* whether this process may write to it */
int file_size(const char *path, size_t *size, struct err *e);
/* file_stamp - of what path names: another number once it was written to or replaced; 0 where there
 * is nothing. Opens nothing. */
uint64_t file_stamp(const char *path);
int file_mkdirs(const char *path, struct err *e);      /* like mkdir -p */
int file_remove_tree(const char *path, struct err *e); /* missing is OK */
int file_rename(const char *from, const char *to, struct err *e);
int file_link_or_copy(const char *from, const char *to,
                      struct err *e); /* hard link, else copy; atomic */

/* file_list - names in dir, sorted by bytes, without . and ..; the array and its strings are one
 * heap block (mem_free). */
int file_list(const char *dir, char ***names, size_t *n, struct err *e);
/* file_list_stems - of those that have this ending, the names without it; none where dir is not
 * there. Owner as file_list. */
int file_list_stems(const char *dir, const char *ending, char ***names, size_t *n, struct err *e);

/* file_is_leftover - whether name is one that something was being written under. Where it is old,
 * its writer was killed.
 * file_prune - remove files in dir that were last written more than age seconds ago: leftovers, or
 * with an ending (not NULL) those whose name ends so. Tidiness: a failure is nobody's error. */
bool file_is_leftover(const char *name);
void file_prune(const char *dir, const char *ending, double age);

/* file_lock - an advisory lock on path (created); waits where wait is true, else *fd = -1 and OK if
 * another process holds it. file_unlock closes. Dies with the process.
 * file_lock_shared - one that others may hold too, in the same way; waits for one that is not.
 * file_lock_alone - whether a shared lock is held by no one else, and then it is not shared any
 * more; where the answer is no, it may be lost. */
int file_lock(const char *path, bool wait, int *fd, struct err *e);
int file_lock_shared(const char *path, int *fd, struct err *e);
bool file_lock_alone(int fd);
void file_unlock(int fd);

/* Fault injection: the n-th write fails with ENOSPC; 0 turns it off. The environment variable
 * W2S_FAULT_WRITE=n sets it at start (tests/fault). */
void file_fault_at(size_t n);

#endif
