/* store/sort.h -- keys collected in any order, sorted for a dense tree. Inside the store only. */
#ifndef CD_STORE_SORT_H
#define CD_STORE_SORT_H

#include "store/tree.h"

#include <stddef.h>

struct cd_pairs {
	struct cd_key *at;
	size_t n, cap;
};
/* False: out of memory, nothing changed. */
bool cd_pairs_add(struct cd_pairs *, struct cd_key);
/* By hi, keys of one hi in the order in which they were added (which is that of lo, when they are numbers).
 */
bool cd_pairs_sort(struct cd_pairs *);
void cd_pairs_done(struct cd_pairs *);

#endif
