/*
 * model/order.h -- the order of results. [CIM 009 4.23]
 *
 * An entity's place is a string of bytes, compared with memcmp: for each member asked for its class (numbers,
 * strings, objects, arrays, booleans, times, dates, instants, null, nothing), then its value; last the
 * entity's number, so that the order is total.
 */
#ifndef CD_MODEL_ORDER_H
#define CD_MODEL_ORDER_H

#include "model/query.h"

struct cd_order;
struct cd_order_text {
	cd_str by;        /* a,b;desc,address[city],location;dist-asc */
	cd_str collation; /* n == 0: the root order of Unicode */
	cd_str from;      /* coordinates, as JSON text, for distances */
	cd_str geometry;  /* of them; n == 0: Point */
};
/* CD_E_BAD_REQUEST_DATA (where: "orderBy", "collation", "orderFrom") */
cd_code cd_order_parse(const struct cd_q_parse *, const struct cd_order_text *, struct cd_order **ret);
void cd_order_done(struct cd_order *); /* NULL is fine */
/* Is it by the value of one attribute alone? */
bool cd_order_single(const struct cd_order *, cd_term *ret_attribute, bool *ret_down);
/* The value that decides: its class, and the key of a number or time. False: the entity has none. */
bool cd_order_first(const struct cd_order *, const struct cd_ent *, struct cd_q_run *,
	enum cd_value *ret_class, uint64_t *ret_key);
/*
 * Nearest first alone? Then the condition of lying within so many metres, whose bound the next call changes;
 * it lives as long as the order. NULL: another order.
 */
struct cd_q *cd_order_around(struct cd_order *, double metres, cd_term *ret_attribute);
double cd_order_metres(
	struct cd_order *, const struct cd_ent *, struct cd_q_run *); /* of that; negative: none */
void cd_order_key(struct cd_order *, const struct cd_ent *, struct cd_q_run *, struct cd_buf *out);

#endif
