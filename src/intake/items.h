/*
 * intake/items.h -- cuts a stream of JSON into its items: the elements of arrays, or values one after the
 * other; also those of one array inside a wrapping object (the features of a FeatureCollection).
 *
 * Larger than memory: holds one item at a time. It only looks for where an item begins and ends (brackets
 * outside of strings); the parser judges what is inside.
 */
#ifndef CD_INTAKE_ITEMS_H
#define CD_INTAKE_ITEMS_H

#include "base/buf.h"
#include "base/cx.h"

struct cd_items {
	struct cd_buf item; /* being collected */
	uint64_t line;      /* of the byte that comes next, from 1 */
	uint64_t item_line; /* where the item began */
	uint64_t bytes;     /* read so far */
	unsigned depth;     /* brackets open inside the item */
	bool array;         /* inside an array of items */
	bool text, escaped; /* inside a string; behind a backslash */
	bool comma;         /* in an array: an item has just ended */
	cd_str within;      /* set it after init: the member of a wrapping object whose array holds the items */
	bool wrapped, tail; /* in that array; behind it, until the wrapping object ends */
	size_t name_at, name_n; /* the last string at depth 1, in `item` */
	cd_code (*each)(void *arg, struct cd_cx *, cd_str item, uint64_t line);
	void *arg;
};
void cd_items_init(struct cd_items *, size_t item_max,
	cd_code (*each)(void *, struct cd_cx *, cd_str, uint64_t), void *arg);
void cd_items_done(struct cd_items *);
/* CD_E_INVALID_REQUEST: brackets do not match or stand where none may; CD_E_TOO_LARGE: an item over the
 * bound. */
cd_code cd_items_feed(struct cd_items *, struct cd_cx *, cd_str);
/* At the end of the input. CD_E_INVALID_REQUEST: it ends inside an item or array. */
cd_code cd_items_end(struct cd_items *, struct cd_cx *);

#endif
