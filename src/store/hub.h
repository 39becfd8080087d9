/* hub.h - inside the store room: a repository of the Hugging Face hub and its place in the cache.
 */
#ifndef W2S_STORE_HUB_H
#define W2S_STORE_HUB_H

#include "store/asset.h"
#include "core/hash.h"

enum hub_type { HUB_MODEL, HUB_DATASET };

struct hub_place {
    const char *repo, *revision; /* in names */
    enum hub_type type;
    struct str names;
    struct str cache, folder; /* <hub>; models--owner--name */
    struct str commit;        /* "" until it is known */
};
/* hub_place_path - <hub>/<repository>/<folder>[/name]; hub_snapshot_path - of the commit's
 * snapshot. */
int hub_place_path(const struct hub_place *p, const char *folder, const char *name, struct str *out,
                   struct err *e);
int hub_snapshot_path(const struct hub_place *p, const char *file, struct str *out, struct err *e);

/* A row's file: its name; its sum or NULL. */
const char *hub_file_name(const struct doc *file);
const char *hub_file_sum(const struct doc *file);

/* hub_sum - the file's sum of the kind that want is: 64 digits are a SHA-256, as a large file's
 * etag is, 40 are git's, as a small one's; hub_sum_known - whether want is either. */
bool hub_sum_known(const char *want);
int hub_sum(const char *path, const char *want, char sum[HASH_HEX], struct err *e);

/* hub_answer_read - what the hub says a revision is: {"sha", "siblings": [{"rfilename"}]}, text
 * [n+1]. ERR_NETWORK, with the url, where it is anything else.
 * hub_answer_wanted - the file's name where a model needs it, which is no path; else NULL. */
int hub_answer_read(struct doc_tree *t, const char *text, size_t n, const char *url, struct err *e);
const char *hub_answer_wanted(const struct doc *file);

/* hub_files_fetch - files (NULL: what a model needs) that are not there yet; sets p->commit and
 * writes the revision's ref. What was got before a failure stays and is not got again. */
int hub_files_fetch(struct hub_place *p, const struct doc *files, const struct asset_options *o,
                    struct err *e);

#endif
