/* base/hash.h -- XXH3 (libxxhash): keys of tables, and checksums on disk. Not for secrets. */
#ifndef CD_BASE_HASH_H
#define CD_BASE_HASH_H

#include "base/str.h"

#include <stdint.h>

uint64_t cd_hash64(cd_str, uint64_t seed);

/* Checksum of stored bytes; `salt` binds them to their place (the number of a log segment). */
uint32_t cd_sum32(const void *, size_t, uint64_t salt);

/* Random bytes of the kernel, for seeds and generated ids. False when there are none. */
bool cd_random(void *, size_t);

#endif
