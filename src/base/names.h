/*
 * base/names.h -- names as numbers: an append-only table of byte strings, 1, 2, 3 ...
 *
 * The writer adds, everybody looks up, without locks: slots are published with release and read with acquire;
 * when the hash table grows, the old one stays readable until the table is freed (together they are less than
 * twice the last one). A number is never reused, so what a look-up once returned stays true for ever. The
 * table is only memory: the store makes a name durable before its first use.
 */
#ifndef CD_BASE_NAMES_H
#define CD_BASE_NAMES_H

#include "base/str.h"

#include <stdint.h>

typedef uint32_t cd_term; /* 0: no such name */

struct cd_names;

struct cd_names *cd_names_new(uint64_t max); /* NULL when out of memory */
void cd_names_free(struct cd_names *);

/* Any thread. */
cd_term cd_names_find(const struct cd_names *, cd_str);
cd_str cd_names_text(const struct cd_names *, cd_term); /* empty when there is no such number */
uint32_t cd_names_count(const struct cd_names *);

/* One thread at a time. The number of the name, known or new; 0 when the table is full or memory is out. */
cd_term cd_names_add(struct cd_names *, cd_str);

#endif
