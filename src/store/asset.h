/* asset.h - models and data by name: rows of assets.yaml, fetched into the user's cache when first needed.
 *
 *   $XDG_CACHE_HOME/w2s/assets/<name>/   (~/.cache/w2s where unset); hub files in HF_HOME's own cache layout
 *
 * To add an asset: a row of assets.yaml. */
#ifndef W2S_STORE_ASSET_H
#define W2S_STORE_ASSET_H

#include "core/doc.h"
#include "core/log.h"

struct assets;
/* assets_open - share: the folder with assets.yaml (the checkout, or the installed share/w2s); a second file, assets.yaml in
 * $XDG_CONFIG_HOME/w2s, may add rows. */
int assets_open(struct assets **out, const char *share, struct err *e);
void assets_close(struct assets *a);

struct asset {
    const char *name, *kind; /* "model" or "data" */
    const char *title, *licence, *citation;
    size_t bytes; /* to download */
};
size_t assets_count(const struct assets *a);
const struct asset *assets_at(const struct assets *a, size_t i);
const struct asset *assets_find(const struct assets *a, const char *name); /* NULL */

struct asset_options {
    bool offline;
    struct log *log; /* progress */
};
/* asset_path - where the asset's model folder/file or data folder is; fetched where missing and not offline (a sentence: "not fetched yet and --offline
 * was given; w2s fetch NAME"). What was fetched is checked by SHA-256 (a mismatch names both sums and keeps nothing), unpacked, and appears by one rename.
 * name may also be a path that exists: taken as it is. An unknown name: "did you mean". */
int asset_path(struct assets *a, const char *name, const struct asset_options *o, struct str *path, struct err *e);
bool asset_ready(struct assets *a, const char *name); /* needs no fetch */

#endif
